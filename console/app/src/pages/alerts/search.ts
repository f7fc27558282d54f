import { type RangeSearch, rangeOf } from "@/lib/range";

export const tabs = ["active", "log", "channels", "settings"] as const;
export type Tab = (typeof tabs)[number];
const texts = ["q", "event", "kind", "object", "severity", "action", "incident", "acknowledged", "muted"] as const;
export type AlertsSearch = RangeSearch & Partial<Record<(typeof texts)[number], string>> & { tab?: Tab; channel?: string };

export function parseSearch(s: Record<string, unknown>): AlertsSearch {
  const out: AlertsSearch = rangeOf(s);
  for (const k of texts) {
    const v = s[k];
    if ((typeof v === "string" || typeof v === "number" || typeof v === "boolean") && `${v}`.trim() !== "") out[k] = `${v}`.trim();
  }
  if (tabs.includes(s.tab as Tab)) out.tab = s.tab as Tab;
  if (typeof s.channel === "string" && s.channel !== "") out.channel = s.channel;
  return out;
}
