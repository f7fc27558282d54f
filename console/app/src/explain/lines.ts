// Places and carriers out of the built-in lines, for those who think of clients as "Guangdong on China Mobile".
import { useMemo } from "react";
import { $api, type Schemas } from "@/api/client";
import { i18n, locale } from "@/i18n";

export type Line = Schemas["BuiltinLine"];

/** All built-in lines; they do not change while a page lives. */
export function useBuiltin(): Line[] | undefined {
  return $api.useQuery("get", "/api/v1/builtin-lines", { params: { query: { limit: 1000 } } }, { staleTime: Number.POSITIVE_INFINITY }).data
    ?.items;
}

export function nameOfLine(l: Line): string {
  return i18n.language === "zh" ? l.name_zh : l.name_en;
}

export type Choice = { value: string; label: string };

const sorted = (list: Choice[]) => list.sort((a, b) => a.label.localeCompare(b.label, locale()));

/** The line of a place and a carrier: the carrier's there, where there is one, else the place's. */
export function compose(codes: ReadonlySet<string>, country: string, province: string, isp: string): string {
  const place = province || country;
  if (!isp) return place;
  if (place && codes.has(`${isp}:${place}`)) return `${isp}:${place}`;
  return !place || place === "cn" ? isp : place;
}

export type Parts = { country: string; province: string; isp: string };

/** The opposite of compose. */
export function parts(code: string): Parts {
  const [first = "", second] = code.split(":");
  const place = second ?? (/^[a-z]{2}(-[a-z0-9]+)?$/.test(first) ? first : "");
  const isp = second !== undefined || !place ? first : "";
  const country = place.slice(0, 2) || (isp ? "cn" : "");
  return { country, province: place.includes("-") ? place : "", isp };
}

/** Countries, provinces of one, and carriers that the lines know there. */
export function usePlaces(country: string, province: string) {
  const lines = useBuiltin();
  return useMemo(() => {
    const all = lines ?? [];
    const codes = new Set(all.map((l) => l.code));
    // Areas such as cn-huanan hold provinces: they are lines, but nobody lives "in" one when asked for a province.
    const above = new Set(all.flatMap((l) => (l.parent ? [l.parent] : [])));
    const choice = (l: Line): Choice => ({ value: l.code, label: nameOfLine(l) });
    const regions = all.filter((l) => l.category === "region");
    return {
      codes,
      ready: lines !== undefined,
      countries: sorted(regions.filter((l) => /^[a-z]{2}$/.test(l.code)).map(choice)),
      provinces: country ? sorted(regions.filter((l) => l.code.startsWith(`${country}-`) && !above.has(l.code)).map(choice)) : [],
      isps: sorted(
        all
          .filter((l) => l.category === "isp" && !l.code.includes(":"))
          .filter((l) => (country === "cn" && !province) || codes.has(`${l.code}:${province || country}`))
          .map(choice),
      ),
    };
  }, [lines, country, province]);
}
