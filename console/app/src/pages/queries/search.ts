export const filters = ["name", "client", "line", "type", "rcode", "node"] as const;
export type Filter = (typeof filters)[number];
export type QueriesSearch = Partial<Record<Filter, string>> & { rate?: number };

export const rates = [20, 100, 500] as const;
export const defaultRate = 100;

export function parseSearch(s: Record<string, unknown>): QueriesSearch {
  const out: QueriesSearch = {};
  for (const f of filters) {
    const v = s[f];
    if ((typeof v === "string" || typeof v === "number" || typeof v === "boolean") && `${v}`.trim() !== "") out[f] = `${v}`.trim();
  }
  const rate = Number(s.rate);
  if (Number.isInteger(rate) && rate >= 1 && rate <= 500 && rate !== defaultRate) out.rate = rate;
  return out;
}
