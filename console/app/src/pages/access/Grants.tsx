// What somebody may do: a role, and for operators the labels that objects must carry.
import { ActionIcon, Badge, Button, Group, Select, Stack, TagsInput, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";

export type Grant = Schemas["Grant"];

export function GrantBadges({ of }: { of: Grant[] }) {
  const { t } = useTranslation("access");
  if (of.length === 0)
    return (
      <Text fz="sm" c="dimmed">
        {t("common:role.none")}
      </Text>
    );
  return (
    <Group gap={4}>
      {of.map((g) => (
        <Badge
          key={JSON.stringify(g)}
          variant="light"
          color={g.role === "admin" ? "red" : g.role === "operator" ? "blue" : "gray"}
          styles={{
            root: {
              textTransform: "none",
              color: `var(--m-state-${g.role === "admin" ? "red" : g.role === "operator" ? "blue" : "gray"})`,
            },
          }}
        >
          {t(`common:role.${g.role}`)}
          {g.labels && Object.keys(g.labels).length > 0
            ? ` · ${Object.entries(g.labels)
                .map(([k, v]) => `${k}=${v}`)
                .join(", ")}`
            : ""}
        </Badge>
      ))}
    </Group>
  );
}

export type Draft = { id: number; role: Grant["role"]; labels: string[] };

export function draftOf(list: Grant[]): Draft[] {
  return list.map((g, id) => ({ id, role: g.role, labels: Object.entries(g.labels ?? {}).map(([k, v]) => `${k}=${v}`) }));
}

export function grantsOf(list: Draft[]): Grant[] {
  return list.map(({ role, labels }) => ({
    role,
    ...(role === "operator" && labels.length > 0
      ? { labels: Object.fromEntries(labels.map((l) => [l.slice(0, l.indexOf("=")).trim(), l.slice(l.indexOf("=") + 1).trim()])) }
      : {}),
  }));
}

export function GrantEditor({ value, onChange, error }: { value: Draft[]; onChange: (v: Draft[]) => void; error?: string | undefined }) {
  const { t } = useTranslation("access");
  const set = (id: number, patch: Partial<Draft>) => onChange(value.map((g) => (g.id === id ? { ...g, ...patch } : g)));
  return (
    <Stack gap="xs" role="group" aria-label={t("grants.title")}>
      <Text fz="sm" fw={500}>
        {t("grants.title")}
      </Text>
      {value.map((g) => (
        <Group key={g.id} gap="xs" align="flex-start" wrap="nowrap">
          <Select
            aria-label={t("grants.role")}
            data={(["viewer", "operator", "admin"] as const).map((r) => ({ value: r, label: t(`common:role.${r}`) }))}
            value={g.role}
            onChange={(r) => r && set(g.id, { role: r as Grant["role"] })}
            w={140}
          />
          {g.role === "operator" ? (
            <TagsInput
              aria-label={t("grants.labels")}
              placeholder={g.labels.length === 0 ? t("grants.labels_hint") : ""}
              value={g.labels}
              onChange={(l) => set(g.id, { labels: l.filter((x) => x.indexOf("=") > 0) })}
              splitChars={[",", " "]}
              flex={1}
            />
          ) : (
            <Text fz="sm" c="dimmed" flex={1} pt={8}>
              {t(`grants.about_${g.role}`)}
            </Text>
          )}
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t("grants.remove")}
            disabled={value.length === 1}
            onClick={() => onChange(value.filter((x) => x.id !== g.id))}
          >
            <IconTrash size={16} aria-hidden />
          </ActionIcon>
        </Group>
      ))}
      {value.some((g) => g.role === "operator") && (
        <Text fz="xs" c="dimmed">
          {t("grants.about_operator")}
        </Text>
      )}
      {error && (
        <Text fz="sm" c="var(--m-state-red)">
          {error}
        </Text>
      )}
      <div>
        <Button
          variant="subtle"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...value, { id: Math.max(-1, ...value.map((g) => g.id)) + 1, role: "operator", labels: [] }])}
        >
          {t("grants.add")}
        </Button>
      </div>
    </Stack>
  );
}
