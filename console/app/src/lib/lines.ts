// Names of lines and countries in the reader's language. Built-in lines come from the API,
// once; custom lines are called as somebody named them.
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { locale } from "@/i18n";

export function useLineName(): (code: string) => string {
  const { i18n } = useTranslation();
  const { data } = $api.useQuery(
    "get",
    "/api/v1/builtin-lines",
    { params: { query: { limit: 1000 } } },
    { staleTime: Number.POSITIVE_INFINITY, select: (d) => new Map(d.items.map((l) => [l.code, l])) },
  );
  return (code) => {
    const l = data?.get(code);
    if (!l) return code;
    return i18n.language === "zh" ? l.name_zh : l.name_en;
  };
}

let names: { of: string; in: Intl.DisplayNames } | undefined;

/** A country by its two letters; undefined when it is none. */
export function countryName(code: string): string | undefined {
  if (!/^[a-z]{2}$/i.test(code)) return undefined;
  if (names?.of !== locale()) names = { of: locale(), in: new Intl.DisplayNames(locale(), { type: "region" }) };
  return names.in.of(code.toUpperCase());
}
