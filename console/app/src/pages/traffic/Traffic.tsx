import { Button, Card, Group, Menu, Select, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconActivity, IconChevronDown, IconDownload } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { TimeChart } from "@/components/charts/TimeChart";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { TimeRange } from "@/components/TimeRange";
import { saveCsv } from "@/lib/csv";
import { duration, number, percent } from "@/lib/format";
import { asked, fallback, useCounts, useEnds, useValueName } from "./data";
import { Filters } from "./Filters";
import { Ranking } from "./Ranking";
import { Shares } from "./Shares";
import { countsOf, type Dimension, dimensions, filtersOf, type Filters as Held, keysOf, shownBy, type TrafficSearch } from "./search";
import { before, change, known, type Row, rowsOf, shape } from "./shape";
import { Tiles } from "./Tiles";

// As many series as the palette has colours, and the others.
const drawnSeries = 8;
const rankedRows = 100;
// Up to so many intervals each is a bar: one that stands alone among gaps would not be seen as an area.
const mostBars = 80;

export function Traffic() {
  const { t } = useTranslation("traffic");
  const search = useSearch({ strict: false }) as TrafficSearch;
  const goTo = useNavigate();
  const navigate = (o: { search: (s: TrafficSearch) => TrafficSearch }) => goTo({ to: "/traffic", search: o.search as never });
  const valueName = useValueName();
  const range = useMemo(() => ({ last: search.last, from: search.from, until: search.until }), [search.last, search.from, search.until]);
  const held = filtersOf(search);
  const keys = keysOf(held);
  const by = shownBy(search);

  const chart = useCounts({ by: asked(by), filters: held, top: drawnSeries }, range);
  const ranking = useCounts({ by: asked(by), filters: held, top: rankedRows, totals: true }, range);
  const now = chart.data;
  const earlier = useCounts(
    { by: asked(by), filters: held, top: 200, totals: true },
    now ? before(now, search.compare) : {},
    now !== undefined && (now.covered?.length ?? 0) > 0,
  );
  const { ends, possible } = useEnds(held, range);

  const drawn = useMemo(() => (now ? shape(now) : undefined), [now]);
  const label = (key: Record<string, string> | null) => {
    if (!key) return t("others");
    const v = valueName(by, key[by] ?? "");
    return by === "name" && key.type ? `${v} ${key.type}` : v;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: label changes with the language and with by
  const lines = useMemo(
    () =>
      (drawn?.lines ?? []).map((l) => ({
        name: label(l.key),
        points: (drawn?.times ?? []).map((at, i): [number, number | null] => [at, l.values[i] ?? null]),
        ...(l.key ? {} : { state: "gray" }),
      })),
    [drawn, by, t],
  );
  const rows = ranking.data ? rowsOf(ranking.data, earlier.data) : undefined;
  const time = now ? known(now) : undefined;
  const was = earlier.data ? known(earlier.data) : undefined;
  const changes =
    time && was && was.share > 0.1
      ? (r: Row) => (r.before === undefined ? undefined : change(r.total, time.seconds, r.before, was.seconds))
      : undefined;
  const unknown = now !== undefined && (now.covered?.length ?? 0) === 0;
  const error = chart.error ?? ranking.error;

  const go = (f: Held, next?: Dimension) =>
    void navigate({
      search: (s) => {
        const out: TrafficSearch = { ...s };
        for (const d of dimensions) delete out[d];
        delete out.by;
        return { ...out, ...f, ...(next ? { by: next } : {}) };
      },
    });
  const file = (what: string) => `meridian-traffic-${what}-${new Date().toISOString().slice(0, 16).replace(":", "")}.csv`;
  const saveRanking = () =>
    saveCsv(file(by), [
      [...asked(by).map((d) => t(`by.${d}`)), t("col.queries"), t("col.share"), t("col.before"), t("col.samples")],
      ...(rows ?? []).map((r) => [...asked(by).map((d) => r.key[d] ?? ""), r.total, r.share, r.before, r.samples]),
      ...(ranking.data && ranking.data.others > 0
        ? [
            [
              t("others"),
              ...asked(by)
                .slice(1)
                .map(() => ""),
              ranking.data.others,
              ranking.data.others / ranking.data.total,
            ],
          ]
        : []),
    ]);
  const saveChart = () =>
    saveCsv(file(`${by}-rate`), [
      [t("common:chart.time"), ...lines.map((l) => l.name), t("col.total_rate")],
      ...(drawn?.times ?? []).map((at, i) => [
        new Date(at).toISOString(),
        ...(drawn?.lines ?? []).map((l) => l.values[i] ?? undefined),
        drawn?.total[i] ?? undefined,
      ]),
    ]);

  return (
    <Page
      title={t("title")}
      about={t("about")}
      actions={
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <Button
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
              rightSection={<IconChevronDown size={14} aria-hidden />}
              disabled={!rows || unknown}
            >
              {t("export")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={saveRanking}>{t("export_ranking")}</Menu.Item>
            <Menu.Item onClick={saveChart}>{t("export_chart")}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      }
    >
      <Group justify="space-between" gap="sm" align="center">
        <Filters held={held} onChange={go} />
        <Group gap="xs">
          <Select
            size="xs"
            aria-label={t("compare.label")}
            value={search.compare ?? "period"}
            onChange={(v) => void navigate({ search: ({ compare: _, ...s }) => (v === "day" || v === "week" ? { ...s, compare: v } : s) })}
            data={(["period", "day", "week"] as const).map((c) => ({ value: c, label: t(`compare.${c}`) }))}
            w={190}
          />
          <TimeRange
            value={range}
            fallback={fallback}
            onChange={(r) =>
              void navigate({
                search: ({ last: _l, from: _f, until: _u, ...s }) => ({
                  ...s,
                  ...Object.fromEntries(Object.entries(r).filter(([, v]) => v !== undefined)),
                }),
              })
            }
          />
        </Group>
      </Group>
      {error && <Problem error={error} retry={() => void chart.refetch()} />}
      {unknown ? (
        <Card withBorder>
          <Empty
            icon={IconActivity}
            title={t("unknown_title")}
            actions={
              <>
                <Button variant="default" component={Link} to={"/nodes" as string}>
                  {t("to_nodes")}
                </Button>
                {range.last !== "30d" && (
                  <Button
                    variant="default"
                    onClick={() => void navigate({ search: ({ from: _f, until: _u, ...s }) => ({ ...s, last: "30d" }) })}
                  >
                    {t("look_farther")}
                  </Button>
                )}
              </>
            }
          >
            {t("unknown_time")}
          </Empty>
        </Card>
      ) : (
        <>
          <Tiles now={now} before={earlier.data} ends={ends} possible={possible} />
          <Card withBorder>
            {drawn ? (
              <TimeChart
                label={t("rate_by", { by: t(`by.${by}`) })}
                order={2}
                actions={
                  <Select
                    aria-label={t("group_by")}
                    value={by}
                    onChange={(v) => v && void navigate({ search: (s) => ({ ...s, by: v as Dimension }) })}
                    data={dimensions.map((d) => ({ value: d, label: t(`by.${d}`), disabled: countsOf(d, ...keys) === undefined }))}
                    w={{ base: 140, sm: 200 }}
                    maxDropdownHeight={420}
                    mb="xs"
                  />
                }
                lines={lines}
                from={drawn.times[0] ?? Date.parse(now?.from ?? "")}
                until={Date.parse(now?.until ?? "")}
                step={drawn.step}
                kind={(now?.covered?.length ?? 0) > mostBars ? "area" : "bar"}
                stacked
                height={280}
                format={(v) => number(v, (v ?? 0) < 10 ? 2 : 0)}
                onRange={(from, until) =>
                  void navigate({
                    search: ({ last: _, ...s }) => ({ ...s, from: new Date(from).toISOString(), until: new Date(until).toISOString() }),
                  })
                }
              />
            ) : (
              <Skeleton height={328} />
            )}
            <Text fz="xs" c="dimmed" mt={4} mih={19}>
              {[
                now ? t("caption", { of: t(`of.${now.of}`), step: duration(now.step_seconds) }) : "",
                time && time.share < 0.98 ? t("gaps", { share: percent(time.share, 0) }) : "",
                drawn && drawn.nodes.least < drawn.nodes.most ? t("fewer_nodes", { least: drawn.nodes.least, most: drawn.nodes.most }) : "",
                t("drag"),
              ]
                .filter(Boolean)
                .join(" ")}
            </Text>
          </Card>
          <Card withBorder>
            <Title order={2} mb="xs">
              {t("ranking", { by: t(`by.${by}`) })}
            </Title>
            {rows && rows.length === 0 ? (
              <Empty
                icon={IconActivity}
                title={t("no_queries")}
                actions={
                  keys.length > 0 ? (
                    <Button variant="default" onClick={() => go({})}>
                      {t("filter.clear")}
                    </Button>
                  ) : (
                    <Button variant="default" component={Link} to={"/queries" as string}>
                      {t("common:nav.queries")}
                    </Button>
                  )
                }
              >
                {t("no_queries_about")}
              </Empty>
            ) : (
              <Ranking label={t("ranking", { by: t(`by.${by}`) })} by={by} rows={rows} held={held} changes={changes} />
            )}
            {ranking.data && ranking.data.others > 0 && (
              <Text fz="sm" c="dimmed" mt="xs">
                {t("and_others", { n: number(ranking.data.others), share: percent(ranking.data.others / ranking.data.total) })}
              </Text>
            )}
            {now?.exact === false && <Estimated rows={rows} />}
          </Card>
          {(held.name || held.pool) && (
            <Shares
              {...(held.name ? { domain: held.type ? `${held.name}/${held.type}` : held.name } : { pool: held.pool })}
              range={range}
            />
          )}
          <SimpleGrid cols={{ base: 1, lg: 3 }} spacing="md">
            {(["country", "subnet", "node"] as const)
              .filter((d) => d !== by && held[d] === undefined && countsOf(...asked(d), ...keys) !== undefined)
              .map((d) => (
                <Side key={d} by={d} held={held} range={range} />
              ))}
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}

function Estimated({ rows }: { rows: Row[] | undefined }) {
  const { t } = useTranslation("traffic");
  const samples = (rows ?? []).reduce((n, r) => n + (r.samples ?? 0), 0);
  return (
    <Text fz="xs" c="dimmed" mt="xs">
      {t("estimated", { n: number(samples), count: samples })}
    </Text>
  );
}

function Side({
  by,
  held,
  range,
}: {
  by: Dimension;
  held: Held;
  range: { last?: string | undefined; from?: string | undefined; until?: string | undefined };
}) {
  const { t } = useTranslation("traffic");
  const { data, error } = useCounts({ by: asked(by), filters: held, top: 8, totals: true }, range);
  const rows = data ? rowsOf(data) : undefined;
  return (
    <Card withBorder>
      <Stack gap="xs">
        <Title order={2}>{t(`side.${by}`)}</Title>
        {error ? (
          <Problem error={error} />
        ) : rows?.length === 0 ? (
          <Text fz="sm" c="dimmed">
            {t("no_queries")}
          </Text>
        ) : (
          <Ranking compact label={t(`side.${by}`)} by={by} rows={rows} held={held} />
        )}
        {data?.exact === false && <Estimated rows={rows} />}
      </Stack>
    </Card>
  );
}
