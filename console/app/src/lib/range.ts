// A range of time in the address of a page: ?last=6h, or ?from=…&until=….

export type RangeSearch = { last?: string | undefined; from?: string | undefined; until?: string | undefined };

export const spans = ["1h", "6h", "24h", "7d", "30d"] as const;

const unit: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of 90m, 6h or 30d; undefined for anything else. */
export function lengthOf(last: unknown): number | undefined {
  const m = typeof last === "string" ? /^(\d{1,5})([mhd])$/.exec(last) : null;
  const n = m ? Number(m[1]) * (unit[m[2] ?? ""] ?? 0) : 0;
  return n > 0 ? n : undefined;
}

const time = (v: unknown): string | undefined => {
  if (typeof v !== "string" && typeof v !== "number") return undefined;
  const t = new Date(v);
  return Number.isNaN(t.getTime()) ? undefined : t.toISOString();
};

/** What of a page's search is a range; what is none is undefined, and named so that the router drops it. For validateSearch. */
export function rangeOf(search: Record<string, unknown>): RangeSearch {
  const from = time(search.from);
  const until = time(search.until);
  if (from && (!until || from < until)) return { last: undefined, from, until };
  return { last: lengthOf(search.last) ? (search.last as string) : undefined, from: undefined, until: undefined };
}

/** Query parameters of the API for a range. */
export function timesOf(r: RangeSearch, fallback = "1h"): { last?: string; from?: string; until?: string } {
  if (r.from) return r.until ? { from: r.from, until: r.until } : { from: r.from };
  return { last: r.last ?? fallback };
}

/** Beginning and end in milliseconds. */
export function bounds(r: RangeSearch, fallback = "1h", now = Date.now()): { from: number; until: number } {
  const until = r.until ? new Date(r.until).getTime() : now;
  return { from: r.from ? new Date(r.from).getTime() : until - (lengthOf(r.last ?? fallback) ?? 3_600_000), until };
}
