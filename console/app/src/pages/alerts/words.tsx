// What all parts of the alerts' pages say alike.
import { Badge, Text } from "@mantine/core";
import { IconAlertOctagon, IconAlertTriangle, IconCircleX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { ObjectLink, placeOf } from "@/components/ObjectLink";

export type Alert = Schemas["Alert"];
export type Entry = Schemas["AlertEntry"];
export type Channel = Schemas["AlertChannel"];
export type Severity = "warning" | "error" | "critical";

const looks: Record<Severity, { color: string; icon: typeof IconCircleX }> = {
  warning: { color: "yellow", icon: IconAlertTriangle },
  error: { color: "orange", icon: IconCircleX },
  critical: { color: "red", icon: IconAlertOctagon },
};

export function severityColor(s: string | undefined): string {
  return looks[s as Severity]?.color ?? "gray";
}

export function SeverityBadge({ severity }: { severity: string | undefined }) {
  const { t } = useTranslation("alerts");
  const look = looks[severity as Severity];
  if (!look) return null;
  return (
    <Badge
      variant="light"
      color={look.color}
      data-severity={severity}
      leftSection={<look.icon size={13} aria-hidden />}
      styles={{ root: { textTransform: "none", color: `var(--m-state-${look.color})` } }}
    >
      {t(`severity.${severity}`)}
    </Badge>
  );
}

/** An alert's object, as a link where it has a page. */
export function Thing({ kind, object }: { kind: string; object: string }) {
  const { t } = useTranslation("alerts");
  const word = t(`kind.${kind}`, kind);
  return (
    <Text span inherit>
      {word}{" "}
      {placeOf(kind, object) ? (
        <ObjectLink kind={kind} name={object} />
      ) : (
        <Text span inherit fw={600} style={{ overflowWrap: "anywhere" }}>
          {object}
        </Text>
      )}
    </Text>
  );
}

/** The events that there are, the gravest for clients first. */
export function useEvents(): Schemas["AlertEvent"][] {
  const { data } = $api.useQuery("get", "/api/v1/alerts/events", {}, { staleTime: Number.POSITIVE_INFINITY });
  return data?.items ?? [];
}

export const kinds = [
  "access_domain",
  "pool",
  "address",
  "node",
  "vantage",
  "certificate",
  "location_data",
  "verdicts",
  "statistics",
] as const;
export const severities = ["warning", "error", "critical"] as const;
export const actions = ["alert", "resume", "repeat", "acknowledge", "release", "mute", "unmute"] as const;

/** A Go duration as people write it: 4h0m0s is 4h. */
export function shortDuration(d: string): string {
  return d.replace(/^(\d+h)0m0s$/, "$1").replace(/^((?:\d+h)?\d+m)0s$/, "$1");
}
