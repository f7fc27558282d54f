import { Card, Group, SegmentedControl, SimpleGrid, Skeleton, Table, Text } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError, type Schemas } from "@/api/client";
import { NotFound } from "@/app/Fallbacks";
import { Answer } from "@/changes/Effect";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Scroll } from "@/components/Scroll";
import { Section } from "@/components/Section";
import { Ago, Moment } from "@/components/Time";
import { QuickActions } from "@/edit";
import { useLineName } from "@/lib/lines";
import { useSearchState } from "@/lib/search";
import { type Density, densities } from "./area";
import { got } from "./clients";
import { headline, OpenBadge, sayIncident } from "./Incidents";
import { Lasted, reachedText } from "./parts";
import { Chain, Full, StepTimeline } from "./Steps";

export function IncidentPage() {
  const { t } = useTranslation("incidents");
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const [search, set] = useSearchState<{ view?: Density }>();
  const view = search.view ?? "timeline";
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/history/incidents/{id}", { params: { path: { id } } });
  if (error instanceof ApiError && error.status === 404) return <NotFound />;
  return (
    <Page
      title={data ? headline(t, data) : t("incident", { id })}
      trail={[{ label: t("incidents"), to: "/incidents" }]}
      about={data && sayIncident(data)}
      state={data && <OpenBadge i={data} />}
      actions={
        data && !data.ended && (data.kind === "pool" || data.kind === "address") ? (
          <QuickActions kind={data.kind} objectKey={data.subject} />
        ) : undefined
      }
    >
      {error && <Problem error={error} retry={() => void refetch()} />}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Fact label={t("began")}>{data ? <Moment at={data.began} /> : undefined}</Fact>
        <Fact label={t("ended")}>{data ? data.ended ? <Moment at={data.ended} /> : t("goes_on") : undefined}</Fact>
        <Fact label={t("lasted")}>{data ? data.ended ? <Lasted i={data} /> : <Ago at={data.began} /> : undefined}</Fact>
        <Fact label={t("reached")}>{data ? reachedText(t, data) || "–" : undefined}</Fact>
      </SimpleGrid>
      {data && data.down.length > 0 && (
        <Section title={t("still_down")}>
          <Group gap="sm">
            {data.down.map((d) => {
              const at = d.indexOf("/");
              return <ObjectLink key={d} kind={d.slice(0, at)} name={d.slice(at + 1)} fz="sm" />;
            })}
          </Group>
        </Section>
      )}
      {data ? <Clients of={data} /> : <Skeleton height={140} />}
      <Section
        title={t("what_happened")}
        actions={
          <SegmentedControl
            size="xs"
            value={view}
            onChange={(v) => set({ view: v as Density })}
            data={densities.map((d) => ({ value: d, label: t(`view_${d}`) }))}
            aria-label={t("view")}
          />
        }
      >
        {!data ? (
          <Skeleton height={200} />
        ) : view === "compact" ? (
          <Chain steps={data.steps} />
        ) : view === "timeline" ? (
          <StepTimeline steps={data.steps} />
        ) : (
          <Full steps={data.steps} />
        )}
        {data && data.transitions > data.steps.length && (
          <Text fz="sm" c="dimmed" mt="xs">
            {t("steps_cut", { shown: data.steps.length, total: data.transitions })}
          </Text>
        )}
      </Section>
    </Page>
  );
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Card withBorder py="xs">
      <Text fz="xs" c="dimmed">
        {label}
      </Text>
      <Text fz="sm" fw={600} component="div" mih={22} style={{ overflowWrap: "anywhere" }}>
        {children ?? <Skeleton height={14} mt={4} />}
      </Text>
    </Card>
  );
}

// More access domains than this are told by number: they all changed for the same reason.
const mostDomains = 20;

function Clients({ of }: { of: Schemas["IncidentAnswer"] }) {
  const { t } = useTranslation("incidents");
  const lineName = useLineName();
  const rows = useMemo(() => got(of.steps, Boolean(of.ended)), [of]);
  return (
    <Section title={t("clients_got")}>
      {rows.length === 0 ? (
        <Text fz="sm">{t("clients_same")}</Text>
      ) : (
        <Scroll label={t("clients_got")} min={680}>
          <Table fz="sm" aria-label={t("clients_got")} verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("kind_domain")}</Table.Th>
                <Table.Th>{t("clients")}</Table.Th>
                <Table.Th>{t("before")}</Table.Th>
                <Table.Th>{t("during")}</Table.Th>
                <Table.Th>{t("afterwards")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.slice(0, mostDomains).map((r) => (
                <Table.Tr key={`${r.domain} ${r.lines.join()}`} style={{ verticalAlign: "top" }}>
                  <Table.Td>
                    <ObjectLink kind="domain" name={r.domain} />
                  </Table.Td>
                  <Table.Td>{r.lines.map((l) => lineName(l)).join(", ")}</Table.Td>
                  <Table.Td>
                    <Answer of={r.before} />
                  </Table.Td>
                  <Table.Td>
                    {r.during.length === 0 ? (
                      <Text fz="sm" c="dimmed">
                        {t("same")}
                      </Text>
                    ) : (
                      r.during.map((o) => <Answer key={JSON.stringify(o)} of={o} />)
                    )}
                  </Table.Td>
                  <Table.Td>
                    {of.ended ? (
                      <Answer of={r.after} />
                    ) : (
                      <Text fz="sm" c="dimmed">
                        {t("goes_on")}
                      </Text>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
            {rows.length > mostDomains && <Table.Caption>{t("more_domains", { count: rows.length - mostDomains })}</Table.Caption>}
          </Table>
        </Scroll>
      )}
    </Section>
  );
}
