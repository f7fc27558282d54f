import { Alert, Skeleton, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError } from "@/api/client";
import { NotFound } from "@/app/Fallbacks";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Scroll } from "@/components/Scroll";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/State";
import { say } from "@/i18n/say";
import { duration, number, percent, seconds } from "@/lib/format";
import { LatencySection } from "@/pages/objects/Latency";
import { Labels } from "@/pages/objects/lists";
import { BeatSection, Facts, HistorySection } from "@/pages/objects/parts";
import { stateOfVantage } from "./states";

export function VantagePage() {
  const { t } = useTranslation("machines");
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const {
    data: v,
    error,
    refetch,
  } = $api.useQuery("get", "/api/v1/vantages/{id}", { params: { path: { id } } }, { refetchInterval: 5_000 });
  const probes = $api.useQuery(
    "get",
    "/api/v1/history/health",
    { params: { query: { vantage: id, by: "task", last: "1h" } } },
    { retry: false },
  );
  const worst = useMemo(
    () =>
      (probes.data?.series ?? [])
        .map((s) => {
          const probes = s.points.reduce((n, p) => n + p.probes, 0);
          const failed = s.points.reduce((n, p) => n + p.failed, 0);
          const lost = s.points.reduce((n, p) => n + p.lost, 0);
          const timed = s.points.filter((p) => p.p50_ms !== undefined);
          const p95 = Math.max(0, ...s.points.map((p) => p.p95_ms ?? 0));
          return {
            task: s.task,
            probes,
            failed: probes ? failed / probes : 0,
            lost: probes ? lost / probes : 0,
            p50: timed.length ? timed.reduce((n, p) => n + (p.p50_ms ?? 0), 0) / timed.length : undefined,
            p95,
          };
        })
        .sort((a, b) => b.failed - a.failed || b.p95 - a.p95),
    [probes.data],
  );
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  return (
    <Page
      title={id}
      trail={[{ label: t("vantages"), to: "/vantages" }]}
      state={v && <StateBadge state={stateOfVantage(v)} word={t(`vantage_state_${v.state}`)} />}
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      {v?.reason && (
        <Alert color="orange" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t(`vantage_state_${v.state}`)}>
          {say(v.said ?? { text: v.reason })}
        </Alert>
      )}
      <Section title={t("now")}>
        {!v ? (
          <Skeleton height={44} />
        ) : (
          <Facts
            items={[
              [t("tasks"), number(v.tasks)],
              [t("heard"), t("silent_for", { duration: duration(seconds(v.silent_for)) })],
              ...(v.labels && Object.keys(v.labels).length
                ? ([[t("labels"), <Labels key="l" labels={v.labels} />]] as [string, React.ReactNode][])
                : []),
            ]}
          />
        )}
      </Section>
      <BeatSection kind="vantage" name={id} />
      <Section title={t("tasks_seen")}>
        {probes.error ? (
          <Problem error={probes.error} />
        ) : !probes.data ? (
          <Skeleton height={100} />
        ) : worst.length === 0 ? (
          <Text fz="sm" c="dimmed">
            {t("nothing_probed")}
          </Text>
        ) : (
          <Scroll label={t("tasks_seen")}>
            <Table fz="sm" verticalSpacing={4} aria-label={t("tasks_seen")}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("task")}</Table.Th>
                  <Table.Th className="num">{t("probes")}</Table.Th>
                  <Table.Th className="num">{t("failed")}</Table.Th>
                  <Table.Th className="num">{t("late")}</Table.Th>
                  <Table.Th className="num">{t("median")}</Table.Th>
                  <Table.Th className="num">{t("slowest")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {worst.slice(0, 50).map((w) => {
                  const name = w.task ? `${w.task.address}/${w.task.template}${w.task.port ? `/${w.task.port}` : ""}` : "";
                  return (
                    <Table.Tr key={name}>
                      <Table.Td>
                        <ObjectLink kind="task" name={name} />
                      </Table.Td>
                      <Table.Td className="num">{number(w.probes)}</Table.Td>
                      <Table.Td className="num">{percent(w.failed)}</Table.Td>
                      <Table.Td className="num">{percent(w.lost)}</Table.Td>
                      <Table.Td className="num">{duration(w.p50 === undefined ? undefined : w.p50 / 1000)}</Table.Td>
                      <Table.Td className="num">{duration(w.p95 / 1000)}</Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
              {worst.length > 50 && <Table.Caption>{t("more_tasks", { count: worst.length - 50 })}</Table.Caption>}
            </Table>
          </Scroll>
        )}
      </Section>
      <LatencySection query={{ vantage: id }} by="none" />
      <HistorySection query={{ kind: "vantage", subject: id }} />
    </Page>
  );
}
