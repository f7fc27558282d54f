import { Anchor, Group, Skeleton, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Suspense } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/State";
import { Ago } from "@/components/Time";
import { say } from "@/i18n/say";
import { duration } from "@/lib/format";

/** What began it. The first view does not wait for the server's sentences (i18n/index.ts). */
function Cause({ of }: { of: Schemas["Incident"] }) {
  useTranslation("said");
  return say(of.said ?? { text: of.cause ?? "" });
}

/** The newest incidents of a week. */
export function Recent() {
  const { t } = useTranslation("overview");
  const { data, error, refetch } = $api.useQuery(
    "get",
    "/api/v1/history/incidents",
    { params: { query: { last: "7d", limit: 6 } } },
    { retry: false },
  );
  return (
    <Section
      title={t("recent")}
      actions={
        <Anchor component={Link} to="/incidents" fz="sm">
          {t("all_incidents")}
        </Anchor>
      }
    >
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={120} />
      ) : data.items.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t("no_incidents")}
        </Text>
      ) : (
        <Stack gap={8} component="ul" p={0} m={0} style={{ listStyle: "none" }}>
          {data.items.map((i) => (
            <Group key={i.id} component="li" justify="space-between" wrap="nowrap" align="flex-start" gap="sm" data-incident={i.id}>
              <div style={{ minWidth: 0 }}>
                <Group gap={6}>
                  {i.ended ? <StateBadge state="ok" word={t("incident_over")} /> : <StateBadge state="down" word={t("incident_open")} />}
                  <Anchor component={Link} to="/incidents/$id" params={{ id: String(i.id) } as never} fz="sm" fw={600}>
                    {t(`incident_${i.kind}`, { name: i.subject })}
                  </Anchor>
                </Group>
                <Text fz="xs" c="dimmed" lineClamp={1}>
                  <Suspense fallback={"\u00a0"}>
                    <Cause of={i} />
                  </Suspense>
                </Text>
              </div>
              <Text fz="sm" c="dimmed" className="num">
                <Ago at={i.began} />
                {i.ended && ` · ${duration((new Date(i.ended).getTime() - new Date(i.began).getTime()) / 1000)}`}
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Section>
  );
}
