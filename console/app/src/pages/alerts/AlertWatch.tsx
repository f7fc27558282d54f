// In the navigation on every page: how many alerts last, and a word about each new one.
import { Badge } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { onEvent } from "@/api/stream";
import { i18n } from "@/i18n";
import { number } from "@/lib/format";

// More at once are one word: they have one cause in general.
const mostAtOnce = 3;
const together = 600;

type Told = Pick<Schemas["AlertEntry"], "action" | "of" | "kind" | "object" | "severity" | "id" | "alert">;

export function AlertWatch() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const waiting = useRef<Told[]>([]);
  const { data } = $api.useQuery("get", "/api/v1/alerts/active", { params: { query: { limit: 1 } } }, { refetchInterval: 60_000 });
  const count = data?.total ?? 0;

  useEffect(() => {
    void i18n.loadNamespaces("alerts");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (title: string, message: string, color: string, id: string) =>
      notifications.show({
        id,
        title,
        message,
        color,
        autoClose: color === "green" ? 6_000 : 12_000,
        onClick: () => void navigate({ to: "/alerts" as string }),
        style: { cursor: "pointer" },
        closeButtonProps: { "aria-label": i18n.t("action.close") },
      });
    const flush = () => {
      timer = undefined;
      const list = waiting.current;
      waiting.current = [];
      if (list.length > mostAtOnce) {
        const ends = list.every((e) => e.action === "resume");
        show(
          i18n.t(ends ? "alerts:toast.many_over" : "alerts:toast.many", { count: list.length }),
          i18n.t("alerts:toast.look"),
          ends ? "green" : "red",
          "alerts-many",
        );
        return;
      }
      for (const e of list) {
        const over = e.action === "resume";
        const what = i18n.t(over ? `alerts:event_end.${e.of}` : `alerts:event.${e.of}`, e.of);
        show(
          what,
          `${i18n.t(`alerts:kind.${e.kind}`, e.kind)} ${e.object}`,
          over ? "green" : e.severity === "warning" ? "yellow" : "red",
          `alert-${e.id}`,
        );
      }
    };
    const stop = onEvent((e) => {
      if (e.type !== "alert") return;
      const told = e.data as Told;
      if (told.action !== "alert" && told.action !== "resume") return;
      waiting.current.push(told);
      timer ??= setTimeout(flush, together);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [navigate]);

  if (count === 0) return null;
  return (
    <Badge
      color="red"
      variant="filled"
      size="sm"
      circle={count < 10}
      aria-label={t("nav.alerts_active", { count, n: number(count) })}
      data-alerts={count}
    >
      {number(count)}
    </Badge>
  );
}
