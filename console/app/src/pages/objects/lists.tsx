// What the three lists share.
import { Badge, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Filter } from "@/components/ListTools";
import { say } from "@/i18n/say";
import { grades, stateOfGrade } from "@/lib/health";

/** Which states to show, and whether enabled: for every kind. */
export function useCommonFilters(): Filter[] {
  const { t } = useTranslation();
  return [
    {
      key: "health",
      label: t("list.health"),
      options: grades.map((g) => ({ value: g, label: t(g === "unmonitored" ? "health.unmonitored" : `state.${stateOfGrade(g)}`) })),
    },
    {
      key: "enabled",
      label: t("list.enabled"),
      options: [
        { value: "true", label: t("list.only_enabled") },
        { value: "false", label: t("list.only_disabled") },
      ],
    },
    { key: "label", label: t("list.label"), placeholder: t("list.label_hint") },
  ];
}

export function Reason({ state }: { state: { code?: string; args?: Record<string, unknown>; text: string } | undefined }) {
  if (!state?.text) return null;
  return (
    <Text fz="xs" c="dimmed" lineClamp={2}>
      {say(state)}
    </Text>
  );
}

export function Labels({ labels }: { labels: Record<string, string> | undefined }) {
  const all = Object.entries(labels ?? {});
  if (all.length === 0) return null;
  return (
    <Group gap={4}>
      {all.slice(0, 3).map(([k, v]) => (
        <Badge key={k} variant="default" styles={{ root: { textTransform: "none", fontWeight: 500 } }}>
          {k}={v}
        </Badge>
      ))}
      {all.length > 3 && (
        <Text fz="xs" c="dimmed">
          +{all.length - 3}
        </Text>
      )}
    </Group>
  );
}

/** "3 pools, 12 access domains", in a few words. */
export function Uses({ counts }: { counts: Record<string, number> | undefined }) {
  const { t } = useTranslation();
  const parts = Object.entries(counts ?? {})
    .filter(([kind, n]) => n > 0 && kind !== "assertion")
    .map(([kind, count]) => t(`uses.${kind}`, { count }));
  return (
    <Text fz="sm" c={parts.length ? undefined : "dimmed"}>
      {parts.length ? parts.join(t("uses.and")) : t("uses.none")}
    </Text>
  );
}
