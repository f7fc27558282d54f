// Vantages of a health check: ids or labels, with a list of who matches now.
import { Badge, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { TagsField } from "./fields";

type Vantage = Schemas["Vantage"];

/** Whether a vantage is chosen: by its id, or by a selector all of whose labels it has. Several are alternatives. */
export function matches(v: Pick<Vantage, "id" | "labels">, chosen: string[]): boolean {
  if (chosen.length === 0) return true;
  return chosen.some((c) => {
    if (!c.includes("=")) return c === v.id;
    return c.split(",").every((pair) => {
      const at = pair.indexOf("=");
      return v.labels?.[pair.slice(0, at).trim()] === pair.slice(at + 1).trim();
    });
  });
}

export function VantageField({ value, onChange }: { value: string[]; onChange: (v: string[]) => void }) {
  const { t } = useTranslation("edit");
  const { data } = $api.useQuery("get", "/api/v1/vantages", { params: { query: { limit: 500 } } });
  const all = data?.items ?? [];
  const now = all.filter((v) => matches(v, value));
  const known = [...new Set([...all.map((v) => v.id), ...all.flatMap((v) => Object.entries(v.labels ?? {}).map(([k, x]) => `${k}=${x}`))])];
  return (
    <Stack gap={6}>
      <TagsField
        path="vantages"
        label={t("field.vantages")}
        about={t("about.vantages")}
        placeholder={t("vantages.all")}
        value={value}
        onChange={onChange}
        split={[";", " "]}
        data={known.filter((k) => !value.includes(k))}
      />
      <Group gap={6} aria-live="polite">
        <Text fz="xs" c={data && now.length === 0 ? "var(--m-state-red)" : "dimmed"}>
          {t("vantages.now", { count: now.length })}
        </Text>
        {now.slice(0, 12).map((v) => (
          <Badge key={v.id} size="sm" variant="default" styles={{ root: { textTransform: "none" } }}>
            {v.id}
            {v.state === "alive" ? "" : ` · ${t(`vantages.${v.state}`)}`}
          </Badge>
        ))}
        {now.length > 12 && (
          <Text fz="xs" c="dimmed">
            {t("vantages.more", { n: now.length - 12 })}
          </Text>
        )}
      </Group>
    </Stack>
  );
}
