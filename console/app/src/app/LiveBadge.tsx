import { Badge, Tooltip } from "@mantine/core";
import { IconBolt, IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLive } from "@/api/stream";
import { moment } from "@/lib/format";

/** Whether what is shown is of now. Its place is kept, so that nothing jumps when it changes. */
export function LiveBadge() {
  const { t } = useTranslation();
  const live = useLive();
  const ok = live.state === "live";
  return (
    <Tooltip label={ok ? t("live.about") : t("live.stale_about")}>
      <Badge
        color={ok ? "green" : live.state === "stale" ? "orange" : "gray"}
        variant="light"
        tabIndex={0}
        role="status"
        data-live={live.state}
        styles={{ root: { textTransform: "none", color: `var(--m-state-${ok ? "green" : live.state === "stale" ? "orange" : "gray"})` } }}
        leftSection={ok ? <IconBolt size={12} aria-hidden /> : <IconPlugConnectedX size={12} aria-hidden />}
      >
        {live.state === "stale" ? t("live.stale", { since: moment(live.since).split(/[ ,]+/).at(-1) }) : t(`live.${live.state}`)}
      </Badge>
    </Tooltip>
  );
}
