import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { duration } from "@/lib/format";

type Incident = Schemas["Incident"];

/** How long it took, or that it goes on. */
export function Lasted({ i }: { i: Incident }) {
  const { t } = useTranslation("incidents");
  if (!i.ended) return <span>{t("goes_on")}</span>;
  return <span>{duration((new Date(i.ended).getTime() - new Date(i.began).getTime()) / 1000)}</span>;
}

/** "1 access domain, 1 pool, 2 addresses". */
export function reachedText(t: TFunction<"incidents">, i: Incident): string {
  return (
    [
      ["domains", i.domains.count],
      ["pools", i.pools.count],
      ["addresses", i.addresses.count],
      ["vantages", i.vantages.count],
    ] as const
  )
    .filter(([, n]) => n > 0)
    .map(([k, count]) => t(`n_${k}`, { count }))
    .join(t("common:uses.and"));
}
