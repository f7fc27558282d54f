import { Skeleton, Stack, Table, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, ApiError } from "@/api/client";
import { NotFound } from "@/app/Fallbacks";
import { Health } from "@/components/Health";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { say } from "@/i18n/say";
import { number } from "@/lib/format";
import { ObjectActions } from "./actions";
import { LatencySection } from "./Latency";
import { Labels, Reason } from "./lists";
import { BeatSection, Facts, HistorySection, OrdersAlert, RevisionsSection, Tasks } from "./parts";

export function AddressPage() {
  const { t } = useTranslation("objects");
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  // The list gives the computed state beside the object.
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/addresses", {
    params: { query: { name, with: "health,used_by", limit: 1 } },
  });
  const tasks = $api.useQuery("get", "/api/v1/health", { params: { query: { address: name, limit: 1000 } } });
  const pools = $api.useQuery("get", "/api/v1/pools", { params: { query: { address: name, with: "health", sort: "health", limit: 100 } } });
  const a = data?.items[0];
  if ((data && !a) || (error instanceof ApiError && error.status === 404)) return <NotFound />;
  return (
    <Page
      title={name}
      trail={[{ label: t("addresses"), to: "/addresses" }]}
      about={a?.remark}
      state={a && <Health {...a} />}
      actions={<ObjectActions kind="address" name={name} />}
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      <Section title={t("now")}>
        {!a ? (
          <Skeleton height={64} />
        ) : (
          <Stack gap="sm">
            <Text>
              {t(a.available ? "is_available" : "is_unavailable")} {say(a.state)}
            </Text>
            <Facts
              items={[
                [
                  t("address"),
                  <span key="a" className="mono">
                    {a.address}
                  </span>,
                ],
                [t("mode"), t(`mode_${a.mode ?? "auto"}`)],
                [t("judgement"), t(`judgement_${a.judgement ?? "any_ok"}`)],
                ...(a.location
                  ? ([[t("location"), `${number(a.location.latitude, 2)}, ${number(a.location.longitude, 2)}`]] as [string, string][])
                  : []),
                ...(Object.keys(a.labels ?? {}).length
                  ? ([[t("labels"), <Labels key="l" labels={a.labels} />]] as [string, React.ReactNode][])
                  : []),
              ]}
            />
          </Stack>
        )}
      </Section>
      <OrdersAlert target={`address/${name}`} labels={a?.labels} />
      <BeatSection kind="address" name={name} />
      <Section title={t("tasks")}>
        {tasks.error ? (
          <Problem error={tasks.error} retry={() => void tasks.refetch()} />
        ) : !tasks.data ? (
          <Skeleton height={80} />
        ) : (
          <Tasks list={tasks.data.items} by="template" />
        )}
      </Section>
      <LatencySection query={{ address: name }} />
      <Section title={t("used_by")}>
        {pools.error ? (
          <Problem error={pools.error} />
        ) : !pools.data ? (
          <Skeleton height={40} />
        ) : pools.data.items.length === 0 ? (
          <Text fz="sm" c="dimmed">
            {t("unused_address")}
          </Text>
        ) : (
          <Table fz="sm" verticalSpacing={6} aria-label={t("used_by")}>
            <Table.Tbody>
              {pools.data.items.map((p) => (
                <Table.Tr key={p.name}>
                  <Table.Td>
                    <ObjectLink kind="pool" name={p.name} />
                  </Table.Td>
                  <Table.Td>
                    <Health {...p} />
                    <Reason state={p.state} />
                  </Table.Td>
                  <Table.Td visibleFrom="sm">{t(`common:policy.${p.policy}`)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
            {(pools.data.total ?? 0) > pools.data.items.length && (
              <Table.Caption>{t("more_pools", { count: (pools.data.total ?? 0) - pools.data.items.length })}</Table.Caption>
            )}
          </Table>
        )}
      </Section>
      <HistorySection query={{ address: name }} />
      <RevisionsSection object={`address/${name}`} />
    </Page>
  );
}
