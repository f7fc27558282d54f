// Parts that the pages of pools, addresses and templates share.
import { Alert, Anchor, Group, List, SegmentedControl, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconBan, IconHandStop } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { Heartbeat } from "@/components/Heartbeat";
import { ObjectLink } from "@/components/ObjectLink";
import { OrderText } from "@/components/OrderText";
import { Problem } from "@/components/Problem";
import { Scroll } from "@/components/Scroll";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/State";
import { useStrip } from "@/components/strips";
import { Ago, Moment } from "@/components/Time";
import { Transitions } from "@/components/Transitions";
import { say } from "@/i18n/say";
import { duration, seconds } from "@/lib/format";
import { matches, stateOfTask } from "@/lib/health";
import { bounds, type RangeSearch } from "@/lib/range";
import { useSearchState } from "@/lib/search";

export type ObjectSearch = RangeSearch & { beat?: string | undefined };

/** Facts side by side that wrap on narrow screens. */
export function Facts({ items }: { items: [label: string, value: ReactNode][] }) {
  return (
    <Group gap="xl" component="dl" m={0} align="flex-start">
      {items.map(([label, value]) => (
        <div key={label}>
          <Text component="dt" fz="xs" c="dimmed">
            {label}
          </Text>
          <Text component="dd" fz="sm" m={0} style={{ overflowWrap: "anywhere" }}>
            {value}
          </Text>
        </div>
      ))}
    </Group>
  );
}

/** How it was over the last hour, day or week. */
export function BeatSection({ kind, name }: { kind: "address" | "pool" | "vantage"; name: string }) {
  const { t } = useTranslation("objects");
  const [search, set] = useSearchState<ObjectSearch>();
  const last = search.beat ?? "24h";
  const { slots, share, error, refetch } = useStrip(kind, name, last);
  return (
    <Section
      title={t("heartbeat")}
      actions={
        <SegmentedControl
          size="xs"
          value={last}
          onChange={(beat) => set({ beat })}
          data={["1h", "24h", "7d"].map((value) => ({ value, label: t(`beat_${value}`) }))}
          aria-label={t("heartbeat")}
        />
      }
    >
      {error ? (
        <Problem error={error} retry={refetch} />
      ) : slots ? (
        <Heartbeat slots={slots} share={share} label={name} />
      ) : (
        <Skeleton height={64} />
      )}
    </Section>
  );
}

/** The newest transitions of an object in the page's range of time. */
export function HistorySection({ query }: { query: { kind?: string; subject?: string; address?: string } }) {
  const { t } = useTranslation("objects");
  const [search] = useSearchState<ObjectSearch>();
  const b = bounds(search, "24h");
  // Rounded to a minute, so that the question stays the same from one look to the next.
  const from = search.from ?? new Date(Math.floor(b.from / 60_000) * 60_000).toISOString();
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/history/transitions", {
    params: { query: { ...query, from, ...(search.until ? { until: search.until } : {}), limit: 50 } },
  });
  return (
    <Section title={t("history")}>
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={120} />
      ) : data.items.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t("no_history")}
        </Text>
      ) : (
        <>
          <Transitions list={data.items} label={t("history")} subject={query.address !== undefined} />
          {data.next_cursor && (
            <Text fz="xs" c="dimmed" mt="xs">
              {t("history_cut", { count: data.items.length })}
            </Text>
          )}
        </>
      )}
    </Section>
  );
}

/** The latest revisions that changed an object. */
export function RevisionsSection({ object }: { object: string }) {
  const { t } = useTranslation("objects");
  const { data, error } = $api.useQuery("get", "/api/v1/revisions", { params: { query: { object, limit: 5 } } });
  return (
    <Section
      title={t("revisions")}
      actions={
        <Anchor component={Link} to="/revisions" search={{ object } as never} fz="sm">
          {t("all_revisions")}
        </Anchor>
      }
    >
      {error ? (
        <Problem error={error} />
      ) : !data ? (
        <Skeleton height={60} />
      ) : data.items.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t("no_revisions")}
        </Text>
      ) : (
        <Table aria-label={t("revisions")} fz="sm" verticalSpacing={6}>
          <Table.Tbody>
            {data.items.map((r) => (
              <Table.Tr key={r.number}>
                <Table.Td w={70}>
                  <ObjectLink kind="revision" name={String(r.number)}>
                    #{r.number}
                  </ObjectLink>
                </Table.Td>
                <Table.Td>{r.comment || t("no_comment")}</Table.Td>
                <Table.Td>{r.author}</Table.Td>
                <Table.Td className="num">
                  <Ago at={r.at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}

/** Overrides that reach an object: by its name or by its labels. */
export function OrdersAlert({ target, labels }: { target: string; labels: Record<string, string> | undefined }) {
  const { t } = useTranslation("objects");
  // Orders are few: people give them one by one.
  const { data } = $api.useQuery("get", "/api/v1/overrides", { params: { query: { limit: 1000 } } });
  const hits = data?.items.filter((o) => o.state !== "ended" && (o.target === target || matches(o.selector, labels))) ?? [];
  if (hits.length === 0) return null;
  const drained = hits.some((o) => o.action === "drain");
  return (
    <Alert
      color={drained ? "grape" : "blue"}
      variant="light"
      icon={drained ? <IconBan aria-hidden /> : <IconHandStop aria-hidden />}
      title={t("orders")}
    >
      <List fz="sm" spacing={4}>
        {hits.map((o) => (
          <List.Item key={o.id}>
            <OrderText o={o} />
          </List.Item>
        ))}
      </List>
      <Anchor component={Link} to="/overrides" fz="sm" mt={4} display="inline-block">
        {t("all_orders")}
      </Anchor>
    </Alert>
  );
}

type Task = Schemas["TaskHealth"];

/** Health tasks with their verdicts and what each vantage found. */
export function Tasks({ list, by }: { list: Task[]; by: "template" | "address" }) {
  const { t } = useTranslation("objects");
  if (list.length === 0)
    return (
      <Text fz="sm" c="dimmed">
        {t(by === "template" ? "no_tasks" : "no_users")}
      </Text>
    );
  return (
    <Scroll label={t("tasks")}>
      <Table fz="sm" verticalSpacing={6} aria-label={t("tasks")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t(by)}</Table.Th>
            <Table.Th>{t("verdict")}</Table.Th>
            <Table.Th>{t("found")}</Table.Th>
            <Table.Th className="num" visibleFrom="sm">
              {t("votes")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.map((k) => (
            <Table.Tr key={`${k.address}/${k.template}/${k.port}`} data-task={k.state}>
              <Table.Td>
                <ObjectLink kind={by} name={k[by]} />
                {k.port ? (
                  <Text fz="xs" c="dimmed">
                    {t("port", { port: k.port })}
                  </Text>
                ) : null}
              </Table.Td>
              <Table.Td>
                <StateBadge state={stateOfTask(k)} />
                <Text fz="xs" c="dimmed">
                  {k.state === "unknown" ? t("never_judged") : <Since at={k.since} />}
                </Text>
              </Table.Td>
              <Table.Td>
                <Stack gap={2}>
                  {[...k.findings]
                    .sort((a, b) => Number(b.finding === "failed") - Number(a.finding === "failed"))
                    .slice(0, 6)
                    .map((f) => (
                      <Text fz="xs" key={f.vantage}>
                        <ObjectLink kind="vantage" name={f.vantage} />:{" "}
                        {f.finding === "failed"
                          ? say(f.said ?? { text: f.reason ?? "" }) || t("finding_failed")
                          : t(f.finding === "good" ? "finding_good" : "finding_abstain", { latency: duration(seconds(f.latency)) })}
                      </Text>
                    ))}
                  {k.findings.length > 6 && (
                    <Text fz="xs" c="dimmed">
                      {t("more_findings", { count: k.findings.length - 6 })}
                    </Text>
                  )}
                </Stack>
              </Table.Td>
              <Table.Td className="num" visibleFrom="sm">
                {t("votes_of", { failed: k.failed, voting: k.voting, selected: k.selected })}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}

export function Since({ at }: { at: string }) {
  const { t } = useTranslation();
  return (
    <>
      {t("health.since")} <Moment at={at} />
    </>
  );
}
