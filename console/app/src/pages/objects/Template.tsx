import { Skeleton, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError } from "@/api/client";
import { NotFound } from "@/app/Fallbacks";
import { Health } from "@/components/Health";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { duration, number, percent, seconds } from "@/lib/format";
import { ObjectActions } from "./actions";
import { LatencySection } from "./Latency";
import { Labels } from "./lists";
import { Facts, RevisionsSection, Tasks } from "./parts";
import { StateChoice } from "./StateChoice";

export function TemplatePage() {
  const { t } = useTranslation("objects");
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const [state, setState] = useState<string>();
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/templates", {
    params: { query: { name, with: "health,used_by", limit: 1 } },
  });
  const tasks = $api.useQuery(
    "get",
    "/api/v1/health",
    { params: { query: { template: name, limit: 100, ...(state ? { state } : {}) } } },
    { placeholderData: (old) => old },
  );
  const p = data?.items[0];
  if ((data && !p) || (error instanceof ApiError && error.status === 404)) return <NotFound />;
  const shown = tasks.data?.items.length ?? 0;
  const more = (tasks.data?.total ?? 0) - shown;
  return (
    <Page
      title={name}
      trail={[{ label: t("templates"), to: "/templates" }]}
      about={p?.remark}
      state={p && <Health {...p} />}
      actions={<ObjectActions kind="template" name={name} />}
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      <Section title={t("how")}>
        {!p ? (
          <Skeleton height={64} />
        ) : (
          <Facts
            items={[
              [t("protocol"), t(`protocol_${p.protocol}`)],
              [t("ip_version"), t(`family.${p.ip_version}`)],
              [t("interval"), duration(seconds(p.interval))],
              [t("timeout"), duration(seconds(p.timeout))],
              [t("evaluation"), t("in_a_row", { count: p.evaluation_count ?? 1 })],
              [t("recovery"), t("in_a_row", { count: p.recovery_count || p.evaluation_count || 1 })],
              [t("failure_rate"), t("more_than", { share: percent((p.failure_rate ?? 0) / 100, 0) })],
              [t("vantages"), p.vantages?.length ? p.vantages.join(", ") : t("vantages_all")],
              ...(p.http
                ? ([
                    [t("request"), `${p.http.method ?? "GET"} ${p.http.host ?? ""}${p.http.path ?? "/"}`],
                    [t("expects"), (p.http.expect_status ?? []).join(", ")],
                  ] as [string, string][])
                : []),
              ...(p.ping ? ([[t("packets"), number(p.ping.packets)]] as [string, string][]) : []),
              ...(Object.keys(p.labels ?? {}).length
                ? ([[t("labels"), <Labels key="l" labels={p.labels} />]] as [string, React.ReactNode][])
                : []),
            ]}
          />
        )}
      </Section>
      <Section title={t("used_by")} actions={<StateChoice value={state} onChange={setState} />}>
        {tasks.error ? (
          <Problem error={tasks.error} retry={() => void tasks.refetch()} />
        ) : !tasks.data ? (
          <Skeleton height={120} />
        ) : (
          <>
            <Tasks list={tasks.data.items} by="address" />
            {more > 0 && (
              <Text fz="xs" c="dimmed" mt="xs">
                {t("more_tasks", { count: more })}
              </Text>
            )}
          </>
        )}
      </Section>
      <LatencySection query={{ template: name }} by="vantage" />
      <RevisionsSection object={`template/${name}`} />
    </Page>
  );
}
