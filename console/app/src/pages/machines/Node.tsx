import { Alert, List, SimpleGrid, Skeleton, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError } from "@/api/client";
import { NotFound } from "@/app/Fallbacks";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/State";
import { Ago, Moment } from "@/components/Time";
import { say } from "@/i18n/say";
import { duration, number, seconds, short } from "@/lib/format";
import { Labels } from "@/pages/objects/lists";
import { Facts } from "@/pages/objects/parts";
import { useRates } from "./rates";
import { alarmsOf, stateOfNode } from "./states";

export function NodePage() {
  const { t } = useTranslation("machines");
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const { data: n, error, refetch } = $api.useQuery("get", "/api/v1/nodes/{id}", { params: { path: { id } } }, { refetchInterval: 3_000 });
  const status = $api.useQuery("get", "/api/v1/status");
  const events = $api.useQuery("get", "/api/v1/events", { params: { query: { subject: id, limit: 10 } } });
  const rates = useRates(useMemo(() => (n ? [n] : undefined), [n]));
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  const s = n && stateOfNode(n);
  const head = status.data?.position;
  const applied = n && head ? n.position.epoch === head.epoch && n.position.revision === head.revision : undefined;
  const rate = rates.get(id);
  const control = status.data?.controls.find((c) => c.node === id);
  return (
    <Page
      title={id}
      trail={[{ label: t("nodes"), to: "/nodes" }]}
      state={s && <StateBadge state={s.state} word={t(`node_state_${s.word}`)} />}
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      {n && (n.alarms?.length ?? 0) > 0 && (
        <Alert color="orange" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t("alarms")}>
          <List fz="sm">
            {alarmsOf(n).map((a) => (
              <List.Item key={a}>{a}</List.Item>
            ))}
          </List>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Section title={t("serves")}>
          {!n ? (
            <Skeleton height={110} />
          ) : (
            <Facts
              items={[
                [t("roles"), n.roles.map((r) => t(`role_${r}`, r)).join(", ")],
                ...(n.roles.includes("resolver")
                  ? ([
                      [t("rate"), rate === undefined ? "…" : rate < 100 ? number(rate, 1) : short(rate)],
                      [t("queries"), number(n.queries ?? 0)],
                    ] as [string, string][])
                  : []),
                [t("ready"), t(n.ready ? "yes" : "no")],
                ...(n.cold ? ([[t("cold"), t("cold_about")]] as [string, string][]) : []),
                [t("version"), n.version || "–"],
                [t("started"), n.started ? <Ago key="s" at={n.started} /> : "–"],
                ...(control ? ([[t("control"), t(control.leads ? "leads" : "stands_by")]] as [string, string][]) : []),
                ...(n.labels && Object.keys(n.labels).length
                  ? ([[t("labels"), <Labels key="l" labels={n.labels} />]] as [string, React.ReactNode][])
                  : []),
              ]}
            />
          )}
        </Section>
        <Section title={t("configuration")}>
          {!n ? (
            <Skeleton height={110} />
          ) : (
            <Facts
              items={[
                [
                  t("revision"),
                  n.position.revision ? (
                    <ObjectLink key="r" kind="revision" name={String(n.position.revision)}>
                      #{number(n.position.revision)}
                    </ObjectLink>
                  ) : (
                    "–"
                  ),
                ],
                [
                  t("applied"),
                  applied === undefined
                    ? "–"
                    : applied
                      ? t("applied_yes")
                      : t("behind", { count: n.behind, duration: duration(seconds(n.behind_for)) }),
                ],
                [t("epoch"), String(n.position.epoch)],
                [
                  t("chain"),
                  <span key="c" className="mono">
                    {n.position.chain?.slice(0, 16) ?? "–"}
                  </span>,
                ],
                [
                  t("verdicts"),
                  <span key="v" className="mono">
                    {n.verdicts ?? "–"}
                  </span>,
                ],
                [t("geo"), n.geo_map ? t(n.geo_map === status.data?.geo_map ? "geo_same" : "geo_other") : "–"],
              ]}
            />
          )}
        </Section>
        <Section title={t("connection")}>
          {!n ? (
            <Skeleton height={60} />
          ) : (
            <Facts
              items={[
                [t("heard"), n.last_seen ? t("silent_for", { duration: duration(seconds(n.silent_for)) }) : t("never")],
                [t("connected"), n.connected_since ? <Moment key="m" at={n.connected_since} /> : "–"],
                [t("skew"), n.last_seen ? duration(Math.abs(seconds(n.skew) ?? 0)) : "–"],
                ...(n.invited_at ? ([[t("invited"), <Moment key="i" at={n.invited_at} />]] as [string, React.ReactNode][]) : []),
              ]}
            />
          )}
        </Section>
        <Section title={t("events")}>
          {events.error ? (
            <Problem error={events.error} />
          ) : !events.data ? (
            <Skeleton height={60} />
          ) : events.data.items.length === 0 ? (
            <Text fz="sm" c="dimmed">
              {t("no_events")}
            </Text>
          ) : (
            <Table fz="sm" verticalSpacing={4} aria-label={t("events")}>
              <Table.Tbody>
                {events.data.items.map((e) => (
                  <Table.Tr key={e.id}>
                    <Table.Td w={170}>
                      <Moment at={e.at} />
                    </Table.Td>
                    <Table.Td>{say(e.said ?? { text: e.text })}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
        </Section>
      </SimpleGrid>
    </Page>
  );
}
