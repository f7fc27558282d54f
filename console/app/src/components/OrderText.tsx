import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { ObjectLink } from "./ObjectLink";
import { Ago } from "./Time";

/** What an override says, by whom, and until when. */
export function OrderText({ o }: { o: Pick<Schemas["Ordered"], "action" | "reason" | "author" | "ends_at" | "target" | "selector"> }) {
  const { t } = useTranslation();
  const [kind = "", ...name] = (o.target ?? "").split("/");
  return (
    <Text fz="sm" component="span">
      <Text span inherit fw={600}>
        {t(o.action === "drain" ? "order.drain" : "order.enable")}
      </Text>{" "}
      {o.target ? <ObjectLink kind={kind.replace("-", "_")} name={name.join("/")} /> : <span className="mono">{o.selector}</span>}
      {o.reason ? ` · ${o.reason}` : ""} · {t("order.by", { author: o.author })} ·{" "}
      {o.ends_at ? (
        <>
          {t("order.ends")} <Ago at={o.ends_at} />
        </>
      ) : (
        t("order.no_end")
      )}
    </Text>
  );
}
