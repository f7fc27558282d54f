import { Badge, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconDeviceDesktop } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Ago, Moment } from "@/components/Time";

/** Browser and system out of what a program calls itself, as far as it says. */
export function agentName(agent: string | undefined): string {
  if (!agent) return "";
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\/(\d+)/.exec(agent.includes("Edg/") ? agent.slice(agent.indexOf("Edg/")) : agent);
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent)?.[1];
  const name = browser
    ? `${browser[1] === "Edg" ? "Edge" : browser[1] === "OPR" ? "Opera" : browser[1]} ${browser[2]}`
    : agent.split(" ")[0];
  return system ? `${name}, ${system.replace("Mac OS X", "macOS")}` : (name ?? "");
}

export function SessionRows({ list, onEnd }: { list: Schemas["SessionAnswer"][] | undefined; onEnd?: (id: string) => void }) {
  const { t } = useTranslation("access");
  if (!list) return <Skeleton height={48} />;
  if (list.length === 0) return <Text fz="sm">{t("sessions.none")}</Text>;
  return (
    <Stack gap="xs">
      {list.map((s) => (
        <Group key={s.id} justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
          <Group gap="sm" wrap="nowrap" align="flex-start">
            <IconDeviceDesktop size={20} aria-hidden />
            <div>
              <Text fz="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
                {agentName(s.agent) || t("sessions.unknown")} · {s.remote}{" "}
                {s.current && (
                  <Badge size="sm" variant="light" styles={{ root: { textTransform: "none" } }}>
                    {t("sessions.this")}
                  </Badge>
                )}
              </Text>
              <Text fz="xs" c="dimmed">
                {t("sessions.since")} <Moment at={s.created_at} /> · {t("sessions.seen")} <Ago at={s.seen_at} /> · {t("sessions.ends")}{" "}
                <Moment at={s.ends_at} />
              </Text>
            </div>
          </Group>
          {onEnd && !s.current && (
            <Button size="xs" variant="default" onClick={() => onEnd(s.id)}>
              {t("sessions.end")}
            </Button>
          )}
        </Group>
      ))}
    </Stack>
  );
}
