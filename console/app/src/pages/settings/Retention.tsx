import { Button, Card, Group, NumberInput, SimpleGrid, Skeleton, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refresh, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Problem, problemOf } from "@/components/Problem";
import { foundAt } from "@/i18n/say";
import { seconds } from "@/lib/format";

const fields = ["minutes", "hours", "days", "transitions", "events"] as const;
type Form = Record<(typeof fields)[number], number | string>;

const daysOf = (r: Schemas["Retention"]): Form =>
  Object.fromEntries(fields.map((f) => [f, Math.round(((seconds(r[f]) ?? 0) / 86_400) * 100) / 100])) as Form;

/** For how long history and statistics are kept, in days. */
export function Retention() {
  const { t } = useTranslation("settings");
  const admin = useCan("admin");
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/history/retention");
  const [form, setForm] = useState<Form>();
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  const now = form ?? (data ? daysOf(data) : undefined);
  const at = (f: string) => foundAt(problemOf(failed), (e) => e === f);
  const save = async () => {
    if (!now) return;
    setBusy(true);
    setFailed(undefined);
    try {
      const body = Object.fromEntries(
        fields.map((f) => [f, `${Math.round(Number(now[f]) * 24 * 60)}m`]),
      ) as unknown as Schemas["Retention"];
      await api.PUT("/api/v1/history/retention", { body });
      refresh("/history");
      setForm(undefined);
      notifications.show({ color: "green", message: t("history.saved") });
    } catch (err) {
      setFailed(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card withBorder>
      <Title order={2}>{t("history.title")}</Title>
      <Text fz="sm" c="dimmed" mb="sm">
        {t("history.about")}
      </Text>
      {!now ? (
        <Skeleton height={150} />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
        >
          <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
            {fields.map((f) => (
              <NumberInput
                key={f}
                label={t(`history.${f}`)}
                description={t(`history.${f}_about`)}
                suffix={` ${t("history.days_unit")}`}
                min={0}
                decimalScale={2}
                value={now[f]}
                disabled={!admin}
                error={at(f)}
                onChange={(v) => setForm({ ...now, [f]: v })}
              />
            ))}
          </SimpleGrid>
          {failed !== undefined && !fields.some(at) && <Problem error={failed} />}
          {admin ? (
            <Group mt="md" gap="xs">
              <Button type="submit" loading={busy} disabled={!form || fields.some((f) => now[f] === "")}>
                {t("common:action.save")}
              </Button>
              {form && (
                <Button variant="default" onClick={() => setForm(undefined)}>
                  {t("common:action.cancel")}
                </Button>
              )}
            </Group>
          ) : (
            <Text fz="sm" c="dimmed" mt="sm">
              {t("admin_only")}
            </Text>
          )}
        </form>
      )}
    </Card>
  );
}
