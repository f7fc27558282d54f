import { Anchor, Badge, Box, Card, Group, SegmentedControl, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { TFunction } from "i18next";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { tick } from "@/components/charts/time";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { StateBadge } from "@/components/State";
import { Moment } from "@/components/Time";
import { TimeRange } from "@/components/TimeRange";
import { locale } from "@/i18n";
import { say } from "@/i18n/say";
import { pageSize, useCursor } from "@/lib/cursor";
import { duration, moment } from "@/lib/format";
import { bounds, timesOf } from "@/lib/range";
import { useSearchState } from "@/lib/search";
import { densities, type IncidentSearch, kinds } from "./area";
import { Lasted, reachedText } from "./parts";
import { StepsOf } from "./Steps";

type Incident = Schemas["Incident"];

export function Incidents() {
  const { t } = useTranslation("incidents");
  const [search, set] = useSearchState<IncidentSearch>();
  const { cursor, paging } = useCursor(JSON.stringify({ ...search, view: undefined, group: undefined }));
  const { q, state, kind } = search;
  const view = search.view ?? "compact";
  const by = search.group ?? "day";
  const { data, error, refetch, isFetching } = $api.useQuery(
    "get",
    "/api/v1/history/incidents",
    { params: { query: { limit: pageSize, ...timesOf(search, "7d"), q, state, kind, cursor } } },
    { placeholderData: (old) => old },
  );
  const filtered = Boolean(q || state || kind);
  const groups = useMemo(() => grouped(data?.items ?? [], by), [data, by]);
  const page = data && paging(data);
  return (
    <Page title={t("incidents")} about={t("about")}>
      <Group justify="space-between" gap="xs">
        <ListTools
          values={{ q, state, kind }}
          set={(p) => set(p)}
          filters={[
            { key: "state", label: t("state"), options: ["open", "over"].map((v) => ({ value: v, label: t(`state_${v}`) })) },
            { key: "kind", label: t("reached"), options: kinds.map((v) => ({ value: v, label: t(`kind_${v}`) })) },
          ]}
        />
        <TimeRange value={search} fallback="7d" onChange={(r) => set({ last: undefined, from: undefined, until: undefined, ...r })} />
      </Group>
      <Group gap="xs">
        <SegmentedControl
          size="xs"
          value={view}
          onChange={(v) => set({ view: v as IncidentSearch["view"] })}
          data={densities.map((d) => ({ value: d, label: t(`view_${d}`) }))}
          aria-label={t("view")}
        />
        <SegmentedControl
          size="xs"
          value={by}
          onChange={(v) => set({ group: v })}
          data={["day", "cause", "none"].map((g) => ({ value: g, label: t(`group_${g}`) }))}
          aria-label={t("group")}
        />
      </Group>
      {error && <Problem error={error} retry={() => void refetch()} />}
      {data?.partial && (
        <Text fz="sm" c="var(--m-state-orange)">
          {t("partial")}
        </Text>
      )}
      {!data ? (
        !error && <Skeleton height={200} />
      ) : data.items.length === 0 ? (
        <Empty icon={IconCircleCheck} title={t(filtered ? "none_match" : "none")}>
          {t(filtered ? "none_match_about" : "none_about")}
        </Empty>
      ) : view === "timeline" ? (
        <Lanes groups={groups} search={search} />
      ) : (
        <Stack gap="lg">
          {groups.map((g) => (
            <section key={g.key} aria-label={g.name || t("incidents")}>
              {g.name && (
                <Title order={2} mb="xs" fz="md">
                  {g.name}{" "}
                  <Text span fz="sm" c="dimmed" fw={400}>
                    {t("count", { count: g.list.length })}
                  </Text>
                </Title>
              )}
              {view === "compact" ? <Rows list={g.list} loading={isFetching} /> : <Cards list={g.list} />}
            </section>
          ))}
        </Stack>
      )}
      {page && (page.next || page.previous) && <DataTable label="" columns={[]} rows={[]} keyOf={() => ""} paging={page} />}
    </Page>
  );
}

/** A cause without who says so. */
const bare = (cause: string) => cause.replace(/^[^:(：（]*[:(：（]\s*/, "") || cause;

type Grouped = { key: string; name: string; list: Incident[] };

export function grouped(list: Incident[], by: string): Grouped[] {
  if (by === "none") return [{ key: "", name: "", list }];
  const out = new Map<string, Grouped>();
  for (const i of list) {
    const key = by === "day" ? new Date(i.began).toDateString() : bare(i.cause ?? "");
    const name = by === "day" ? new Intl.DateTimeFormat(locale(), { dateStyle: "full" }).format(new Date(i.began)) : bare(sayIncident(i));
    const g = out.get(key);
    if (g) g.list.push(i);
    else out.set(key, { key, name, list: [i] });
  }
  return [...out.values()];
}

function Rows({ list, loading }: { list: Incident[]; loading: boolean }) {
  const { t } = useTranslation("incidents");
  const columns: Column<Incident>[] = [
    { key: "began", title: t("began"), width: 170, cell: (i) => <Moment at={i.began} /> },
    { key: "state", title: t("state"), width: 130, cell: (i) => <OpenBadge i={i} /> },
    {
      key: "what",
      title: t("what"),
      cell: (i) => (
        <>
          <Anchor component={Link} to="/incidents/$id" params={{ id: String(i.id) } as never} fw={600} fz="sm">
            {headline(t, i)}
          </Anchor>
          <Text fz="xs" c="dimmed">
            {sayIncident(i)}
          </Text>
        </>
      ),
    },
    { key: "reached", title: t("reached"), wide: true, cell: (i) => reachedText(t, i) },
    { key: "lasted", title: t("lasted"), numeric: true, width: 110, cell: (i) => <Lasted i={i} /> },
  ];
  return <DataTable label={t("incidents")} columns={columns} rows={list} keyOf={(i) => String(i.id)} loading={loading} />;
}

/** What began it, in the reader's language. */
export function sayIncident(i: Pick<Incident, "cause" | "said">): string {
  return say(i.said ?? { text: i.cause ?? "" });
}

export function headline(t: TFunction<"incidents">, i: Incident): string {
  return t(`head_${i.kind}`, { name: i.subject });
}

export function OpenBadge({ i }: { i: Incident }) {
  const { t } = useTranslation("incidents");
  return i.ended ? <StateBadge state="ok" word={t("state_over")} /> : <StateBadge state="down" word={t("state_open")} />;
}

function Cards({ list }: { list: Incident[] }) {
  const { t } = useTranslation("incidents");
  return (
    <Stack gap="sm">
      {list.map((i) => (
        <Card withBorder key={i.id} component="article" aria-label={headline(t, i)}>
          <Group gap="xs" mb={4}>
            <OpenBadge i={i} />
            <Anchor component={Link} to="/incidents/$id" params={{ id: String(i.id) } as never} fw={650}>
              {headline(t, i)}
            </Anchor>
            <Text fz="sm" c="dimmed">
              <Moment at={i.began} /> · <Lasted i={i} />
            </Text>
          </Group>
          <Named title={t("kind_domain")} kind="domain" of={i.domains} />
          <Named title={t("kind_pool")} kind="pool" of={i.pools} />
          <Named title={t("kind_address")} kind="address" of={i.addresses} />
          <StepsOf id={i.id} />
        </Card>
      ))}
    </Stack>
  );
}

function Named({ title, kind, of }: { title: string; kind: string; of: Schemas["Reached"] }) {
  if (of.count === 0) return null;
  return (
    <Group gap={6}>
      <Text fz="sm" c="dimmed">
        {title}
      </Text>
      {of.names.slice(0, 8).map((n) => (
        <ObjectLink key={n} kind={kind} name={n} fz="sm" />
      ))}
      {of.count > 8 && <Text fz="sm" c="dimmed">{`+${of.count - 8}`}</Text>}
    </Group>
  );
}

/** Incidents as bars over the time asked for, one lane each. */
function Lanes({ groups, search }: { groups: Grouped[]; search: IncidentSearch }) {
  const { t } = useTranslation("incidents");
  const { from, until } = bounds(search, "7d");
  const span = until - from;
  const x = (at: number) => `${Math.min(100, Math.max(0, ((at - from) / span) * 100))}%`;
  const ticks = Array.from({ length: 7 }, (_, i) => from + (span / 6) * i);
  const lane = (i: Incident): ReactNode => {
    const began = new Date(i.began).getTime();
    const ended = i.ended ? new Date(i.ended).getTime() : until;
    return (
      <Group key={i.id} wrap="nowrap" gap="xs" h={30}>
        <Box w={{ base: 110, sm: 260 }} style={{ flexShrink: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" }}>
          <Anchor component={Link} to="/incidents/$id" params={{ id: String(i.id) } as never} fz="sm">
            {headline(t, i)}
          </Anchor>
        </Box>
        <Box pos="relative" flex={1} h={20} style={{ background: "var(--mantine-color-default-hover)", borderRadius: 3 }}>
          <Tooltip
            label={`${moment(began)} · ${i.ended ? duration((ended - began) / 1000) : t("goes_on")} · ${sayIncident(i)}`}
            multiline
            maw={420}
          >
            <Box
              pos="absolute"
              data-lane={i.id}
              style={{
                left: x(began),
                width: `max(4px, calc(${x(ended)} - ${x(began)}))`,
                top: 2,
                bottom: 2,
                borderRadius: 3,
                background: i.ended ? "var(--m-state-yellow)" : "var(--m-state-red)",
              }}
            />
          </Tooltip>
        </Box>
        <Badge variant="default" w={86} style={{ flexShrink: 0, textTransform: "none" }}>
          <Lasted i={i} />
        </Badge>
      </Group>
    );
  };
  return (
    <Card withBorder>
      {groups.map((g) => (
        <div key={g.key}>
          {g.name && (
            <Text fz="xs" c="dimmed" mt="xs">
              {g.name}
            </Text>
          )}
          {g.list.map(lane)}
        </div>
      ))}
      <Group wrap="nowrap" gap="xs" mt={4} aria-hidden>
        <Box w={{ base: 110, sm: 260 }} style={{ flexShrink: 0 }} />
        <Group justify="space-between" flex={1} wrap="nowrap">
          {ticks.map((at) => (
            <Text key={at} fz="xs" c="dimmed">
              {tick(at, span)}
            </Text>
          ))}
        </Group>
        <Box w={86} style={{ flexShrink: 0 }} />
      </Group>
    </Card>
  );
}
