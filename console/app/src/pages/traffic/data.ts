// What the page asks. Counts come every ten seconds from each resolver, so a look at the last hour is asked again as often.
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { countryName, useLineName } from "@/lib/lines";
import { type RangeSearch, timesOf } from "@/lib/range";
import { type Dimension, type Filters, keysOf } from "./search";
import type { Counted } from "./shape";

export const fallback = "1h";

export type Question = { by: Dimension[]; filters: Filters; top?: number; totals?: boolean };

export function useCounts(q: Question, range: RangeSearch, enabled = true) {
  const query = {
    ...q.filters,
    ...timesOf(range, fallback),
    ...(q.by.length > 0 ? { group_by: q.by.join(",") } : {}),
    ...(q.top ? { top: q.top } : {}),
    ...(q.totals ? { totals: true } : {}),
  };
  return $api.useQuery(
    "get",
    "/api/v1/stats/queries",
    { params: { query } },
    { enabled, placeholderData: keepPreviousData, refetchInterval: every(range) },
  );
}

/** Milliseconds between two questions; a time that is over does not change. */
export function every(range: RangeSearch): number | false {
  if (range.until) return false;
  return (range.last ?? fallback) === "1h" ? 10_000 : 60_000;
}

/** What the dimension is asked with: a name goes with its type, a network with its country. */
export function asked(by: Dimension): Dimension[] {
  if (by === "name") return ["name", "type"];
  if (by === "subnet") return ["subnet", "country"];
  return [by];
}

/** How queries ended, where that can be told; shares of the whole. */
export type Ends = { success: number; nodata: number; nxdomain?: number; servfail?: number; other?: number; of: number };

export function useEnds(filters: Filters, range: RangeSearch): { ends: Ends | undefined; possible: boolean } {
  const held = keysOf(filters);
  const only = (...dims: Dimension[]) => held.every((d) => dims.includes(d));
  const whole = only("node", "type");
  const ofAnswers = !whole && only("name", "type", "line", "pool", "address", "node", "rcode");
  const ofZones = !whole && !ofAnswers && only("zone", "outcome", "node");
  const codes = useCounts({ by: ["rcode"], filters, top: 50, totals: true }, range, whole || ofAnswers);
  // An empty answer of an access domain has no pool: with pool= the counts of answers are asked.
  const empty = useCounts({ by: ["rcode"], filters: { ...filters, pool: "" }, top: 50, totals: true }, range, whole);
  const zones = useCounts({ by: ["outcome"], filters, top: 50, totals: true }, range, (whole && !filters.type) || ofZones);
  const of = (c: Counted | undefined, d: Dimension, v: string) => c?.series?.find((s) => s.key[d] === v)?.total ?? 0;
  const possible = whole || ofAnswers || ofZones;
  if (ofZones) {
    if (!zones.data || zones.data.total === 0) return { ends: undefined, possible };
    const all = zones.data.total;
    const [nodata, nxdomain] = [of(zones.data, "outcome", "nodata"), of(zones.data, "outcome", "nxdomain")];
    return { possible, ends: { of: all, success: (all - nodata - nxdomain) / all, nodata: nodata / all, nxdomain: nxdomain / all } };
  }
  if (!codes.data || codes.data.total === 0) return { ends: undefined, possible };
  const all = codes.data.total;
  if (ofAnswers) {
    const nodata = of(codes.data, "rcode", "NODATA");
    return { possible, ends: { of: all, success: (all - nodata) / all, nodata: nodata / all } };
  }
  if (!empty.data || (!filters.type && !zones.data)) return { ends: undefined, possible };
  const good = of(codes.data, "rcode", "NOERROR");
  const nodata = Math.min(good, of(empty.data, "rcode", "NODATA") + of(zones.data, "outcome", "nodata"));
  const [nxdomain, servfail] = [of(codes.data, "rcode", "NXDOMAIN"), of(codes.data, "rcode", "SERVFAIL")];
  return {
    possible,
    ends: {
      of: all,
      success: (good - nodata) / all,
      nodata: nodata / all,
      nxdomain: nxdomain / all,
      servfail: servfail / all,
      other: Math.max(0, all - good - nxdomain - servfail) / all,
    },
  };
}

/** The words for a value of a dimension. */
export function useValueName(): (d: Dimension, value: string) => string {
  const { t, i18n } = useTranslation("traffic");
  const line = useLineName();
  return (d, v) => {
    if (v === "(other)") return t("other_group");
    switch (d) {
      case "line":
        return v === "" ? t("no_line") : line(v);
      case "country":
        return countryName(v) ?? (v === "" || v === "zz" ? t("no_country") : v.toUpperCase());
      case "pool":
      case "address":
        return v === "" ? t("no_answer") : v;
      case "outcome":
        return i18n.exists(`traffic:outcome.${v}`) ? t(`outcome.${v}`) : v;
      default:
        return v === "" ? t("none") : v;
    }
  };
}
