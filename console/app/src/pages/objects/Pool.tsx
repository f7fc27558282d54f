import { Alert, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, ApiError } from "@/api/client";
import { NotFound } from "@/app/Fallbacks";
import { Health } from "@/components/Health";
import { HeartbeatMini } from "@/components/Heartbeat";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Scroll } from "@/components/Scroll";
import { Section } from "@/components/Section";
import { useStrips } from "@/components/strips";
import { say } from "@/i18n/say";
import { number, percent } from "@/lib/format";
import { ObjectActions } from "./actions";
import { Labels } from "./lists";
import { BeatSection, Facts, HistorySection, OrdersAlert, RevisionsSection } from "./parts";

export function PoolPage() {
  const { t } = useTranslation("objects");
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/pools/{name}/graph", { params: { path: { name } } });
  const members = data?.pool.links ?? [];
  const strips = useStrips(
    "address",
    members.slice(0, 200).map((m) => m.to),
  );
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  const pool = data?.pool;
  const object = pool?.object;
  const addresses = new Map(data?.addresses.map((a) => [a.name, a]));
  return (
    <Page
      title={name}
      trail={[{ label: t("pools"), to: "/pools" }]}
      about={object?.remark}
      state={pool && <Health {...pool} {...(object?.enabled === undefined ? {} : { enabled: object.enabled })} />}
      actions={<ObjectActions kind="pool" name={name} />}
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      <Section title={t("now")}>
        {!pool || !object ? (
          <Skeleton height={64} />
        ) : (
          <Stack gap="sm">
            <Text>
              {say(pool.state)}
              {" · "}
              {t("needs", { ok: pool.ok, total: pool.total, count: pool.needs })}
            </Text>
            <Facts
              items={[
                [t("type"), t(`family.${object.type}`)],
                [t("policy"), t(`common:policy.${object.policy ?? "round_robin"}`)],
                ...(object.mode ? ([[t("return"), t(`return_${object.mode}`)]] as [string, string][]) : []),
                [t("judgement"), t(`judgement_${object.judgement ?? "any_ok"}`)],
                ...(pool.current
                  ? ([[t("current"), <ObjectLink key="c" kind="address" name={pool.current} />]] as [string, React.ReactNode][])
                  : []),
                ...(Object.keys(object.labels ?? {}).length
                  ? ([[t("labels"), <Labels key="l" labels={object.labels} />]] as [string, React.ReactNode][])
                  : []),
              ]}
            />
            {pool.forced && (
              <Alert color="blue" variant="light" icon={<IconAlertTriangle aria-hidden />}>
                {t("forced")}
              </Alert>
            )}
          </Stack>
        )}
      </Section>
      <OrdersAlert target={`pool/${name}`} labels={object?.labels} />
      <BeatSection kind="pool" name={name} />
      <Section title={t("members")}>
        {!data ? (
          <Skeleton height={120} />
        ) : members.length === 0 ? (
          <Text fz="sm" c="dimmed">
            {t("no_members")}
          </Text>
        ) : (
          <Scroll label={t("members")}>
            <Table fz="sm" verticalSpacing={6} aria-label={t("members")}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th className="num" w={50}>
                    {t("order")}
                  </Table.Th>
                  <Table.Th>{t("address")}</Table.Th>
                  <Table.Th>{t("state")}</Table.Th>
                  <Table.Th visibleFrom="md">{t("last_day")}</Table.Th>
                  <Table.Th className="num" visibleFrom="sm">
                    {t("weight")}
                  </Table.Th>
                  <Table.Th className="num" visibleFrom="sm">
                    {t("share")}
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {[...members]
                  .sort((a, b) => a.order - b.order)
                  .map((m) => {
                    const a = addresses.get(m.to);
                    return (
                      <Table.Tr key={m.to} data-member={m.to}>
                        <Table.Td className="num">{m.order}</Table.Td>
                        <Table.Td>
                          <ObjectLink kind="address" name={m.to} />
                          <Text fz="xs" c="dimmed" className="mono">
                            {a?.object.address}
                          </Text>
                        </Table.Td>
                        <Table.Td>
                          <Health {...a} mode={a?.object.mode} enabled={m.enabled && a?.object.enabled} />
                          <Text fz="xs" c="dimmed">
                            {m.enabled ? say(a?.state) : t("member_disabled")}
                            {!m.reachable && m.unreachable_because ? ` · ${t("never_taken", { reason: say(m.unreachable_because) })}` : ""}
                          </Text>
                        </Table.Td>
                        <Table.Td visibleFrom="md">
                          <HeartbeatMini slots={strips(m.to)} label={m.to} />
                        </Table.Td>
                        <Table.Td className="num" visibleFrom="sm">
                          {pool?.link_fields.includes("weight") ? number(m.weight) : "–"}
                        </Table.Td>
                        <Table.Td className="num" visibleFrom="sm">
                          {m.share === undefined ? "–" : percent(m.share)}
                        </Table.Td>
                      </Table.Tr>
                    );
                  })}
              </Table.Tbody>
            </Table>
          </Scroll>
        )}
      </Section>
      <Section title={t("used_by")}>
        {!data ? (
          <Skeleton height={40} />
        ) : data.domains.length === 0 ? (
          <Text fz="sm" c="dimmed">
            {t("unused_pool")}
          </Text>
        ) : (
          <Table fz="sm" verticalSpacing={6} aria-label={t("used_by")}>
            <Table.Tbody>
              {data.domains.map((d) => (
                <Table.Tr key={d.key}>
                  <Table.Td>
                    <ObjectLink kind="access_domain" name={d.key} />
                  </Table.Td>
                  <Table.Td>
                    <Health health={d.health} available={d.available} />
                  </Table.Td>
                  <Table.Td visibleFrom="sm">{t("as_member", { order: d.link.order, lines: d.link.lines.join(", ") })}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
            {data.more_domains > 0 && <Table.Caption>{t("more_domains", { count: data.more_domains })}</Table.Caption>}
          </Table>
        )}
      </Section>
      <HistorySection query={{ kind: "pool", subject: name }} />
      <RevisionsSection object={`pool/${name}`} />
    </Page>
  );
}
