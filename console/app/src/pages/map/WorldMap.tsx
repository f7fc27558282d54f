// The world: where clients ask from, where answers lead, where probes are made and who answers.
import { ActionIcon, Alert, Anchor, Card, Chip, Group, SegmentedControl, Select, SimpleGrid, Skeleton, Table, Text } from "@mantine/core";
import { IconInfoCircle, IconMinus, IconPlus, IconZoomReset } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { Chart } from "@/components/charts/Chart";
import { tooltipLook } from "@/components/charts/frame";
import type { Look } from "@/components/charts/look";
import { clean } from "@/components/charts/TimeChart";
import { ObjectLink, placeOf } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { type State, StateBadge, stateColor } from "@/components/State";
import { number, percent, short } from "@/lib/format";
import { stateOfGrade, stateOfWord } from "@/lib/health";
import { useSearchState } from "@/lib/search";
import { useArcs } from "./arcs";
import { type Layer, layers, type MapSearch } from "./area";
import { loadShape, projection } from "./shape";

type Points = Schemas["MapAnswer"];
type Dot = {
  kind: "address" | "vantage" | "node";
  name: string;
  state: State;
  word: string;
  at: [number, number];
  place: string;
  value?: string;
};

const symbols = { address: "circle", vantage: "triangle", node: "diamond" } as const;

// A hundred rows of a kind are read; whoever looks for one searches its list.
const mostRows = 100;

export function WorldMap() {
  const { t, i18n } = useTranslation("map");
  const navigate = useNavigate();
  const [search, set] = useSearchState<MapSearch>();
  const hidden = useMemo(() => new Set(search.hide?.split(",")), [search.hide]);
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/map/points", undefined, { refetchInterval: 30_000 });
  const shape = useQuery({ queryKey: ["world shape"], queryFn: loadShape, staleTime: Number.POSITIVE_INFINITY });
  const domains = $api.useQuery("get", "/api/v1/access-domains", { params: { query: { limit: 200 } } });
  const [name = "", type = ""] = (search.domain ?? "").split("/");
  const graph = $api.useQuery(
    "get",
    "/api/v1/access-domains/{name}/{type}/graph",
    { params: { path: { name, type } } },
    { enabled: name !== "" && type !== "", retry: false },
  );
  const arcs = useArcs(data, name, type);
  const nameOf = useCallback(
    (c: { name_en: string; name_zh: string; code: string }) => (i18n.language === "zh" ? c.name_zh : c.name_en) || t("nowhere"),
    [i18n.language, t],
  );

  const dots = useMemo(
    () => (data ? dotsOf(data, search.domain ? graph.data?.addresses.map((a) => a.name) : undefined, t) : []),
    [data, search.domain, graph.data, t],
  );
  const shown = useMemo(() => dots.filter((d) => !hidden.has(`${d.kind}${d.kind === "address" ? "es" : "s"}`)), [dots, hidden]);
  const clients = useMemo(() => (data && !hidden.has("clients") ? heat(data, nameOf) : []), [data, hidden, nameOf]);

  const table = useMemo(
    () => ({
      columns: [t("name"), t("kind"), t("state"), t("place")],
      rows: [
        ...clients.map((c): (string | number)[] => [
          c.name,
          t("clients"),
          t("queries", { count: c.queries, n: number(c.queries) }),
          c.name,
        ]),
        ...shown.map((d): (string | number)[] => [d.name, t(d.kind), d.word, d.place]),
      ],
    }),
    [clients, shown, t],
  );

  const loaded = shape.data;
  const map = loaded?.custom ? "custom" : "world";
  const view = useRef<{ center?: unknown; zoom?: number }>({});
  const chart = useRef<EChartsType>(undefined);
  const [, again] = useState(0);
  // Centred on where its readers are: the Pacific is cut in two otherwise, or the Atlantic.
  const flat = useMemo(() => projection(i18n.language === "zh" ? 150 : 11), [i18n.language]);

  const option = useCallback(
    (look: Look): EChartsCoreOption => {
      const most = Math.max(1, ...clients.map((c) => c.queries));
      const heatColor = look.palette[1] ?? look.text;
      return {
        tooltip: {
          trigger: "item",
          ...tooltipLook(look),
          formatter: (p: { data?: { tip?: string } }) => p.data?.tip ?? "",
        },
        geo: {
          map,
          projection: flat,
          roam: "move",
          scaleLimit: { min: 1, max: 24 },
          ...view.current,
          silent: true,
          itemStyle: { areaColor: look.dark ? "#33383f" : "#e3e8ec", borderColor: look.dark ? "#4a515a" : "#c6ced5", borderWidth: 0.6 },
          emphasis: { disabled: true },
          left: 8,
          right: 8,
          top: 8,
          bottom: 8,
        },
        series: [
          {
            type: "scatter",
            coordinateSystem: "geo",
            name: t("clients"),
            // The area of a disc is its share, so that the eye compares rightly.
            data: clients
              .filter((c) => c.at)
              .map((c) => ({
                value: [...(c.at as [number, number]), c.queries],
                symbolSize: 14 + 56 * Math.sqrt(c.queries / most),
                tip: `${clean(c.name)}\n${t("queries", { count: c.queries, n: number(c.queries) })}`,
              })),
            itemStyle: {
              color: {
                type: "radial",
                x: 0.5,
                y: 0.5,
                r: 0.5,
                colorStops: [
                  { offset: 0, color: `${heatColor}d0` },
                  { offset: 0.45, color: `${heatColor}70` },
                  { offset: 1, color: `${heatColor}00` },
                ],
              },
            },
            emphasis: { disabled: true },
            z: 2,
          },
          {
            type: "lines",
            coordinateSystem: "geo",
            data: hidden.has("clients")
              ? []
              : arcs.map((a) => ({ coords: [a.from, a.to], tip: `${clean(nameOf(a.country))} → ${clean(a.addresses.join(", "))}` })),
            lineStyle: { color: look.palette[0], width: 1.4, opacity: 0.7, curveness: 0.25 },
            symbol: ["none", "arrow"],
            symbolSize: 7,
            z: 3,
          },
          ...(["address", "vantage", "node"] as const).map((kind) => ({
            type: "scatter",
            coordinateSystem: "geo",
            name: t(kind),
            symbol: symbols[kind],
            symbolSize: kind === "address" ? 11 : 13,
            data: shown
              .filter((d) => d.kind === kind)
              .map((d) => ({
                value: d.at,
                name: d.name,
                kind,
                tip: [`${t(d.kind)} ${clean(d.name)}`, d.value ? clean(d.value) : "", d.word, clean(d.place)].filter(Boolean).join("\n"),
                itemStyle: { color: look.state(stateColor(d.state)), borderColor: look.body, borderWidth: 1.5 },
              })),
            z: kind === "address" ? 5 : 4,
            cursor: "pointer",
          })),
        ],
      };
    },
    [clients, shown, arcs, map, flat, hidden, nameOf, t],
  );

  const onReady = useCallback(
    (c: EChartsType) => {
      chart.current = c;
      c.on("click", (e) => {
        const d = e.data as { kind?: string; name?: string } | undefined;
        const place = d?.kind && d.name ? placeOf(d.kind, d.name) : undefined;
        if (place) void navigate({ to: place.to, params: place.params as never });
      });
      c.on("georoam", () => {
        const geo = (c.getOption() as { geo?: { center?: unknown; zoom?: number }[] }).geo?.[0];
        if (geo) view.current = { ...(geo.center ? { center: geo.center } : {}), ...(geo.zoom ? { zoom: geo.zoom } : {}) };
      });
      return () => {
        chart.current = undefined;
      };
    },
    [navigate],
  );
  const zoom = (by: number) => {
    const z = view.current.zoom ?? 1;
    view.current = by === 0 ? {} : { ...view.current, zoom: Math.min(24, Math.max(1, z * by)) };
    again((n) => n + 1);
    chart.current?.setOption({ geo: { zoom: view.current.zoom ?? 1, ...(by === 0 ? { center: null } : {}) } });
  };

  return (
    <Page title={t("map")} about={t("about")}>
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <Select
            aria-label={t("domain")}
            placeholder={t("domain")}
            data={domains.data?.items.map((d) => `${d.name}/${d.type}`) ?? (search.domain ? [search.domain] : [])}
            value={search.domain ?? null}
            onChange={(v) => set({ domain: v ?? undefined })}
            clearable
            searchable
            allowDeselect
            clearButtonProps={{ "aria-label": t("all_domains") }}
            w={260}
          />
          <Chip.Group
            multiple
            value={layers.filter((l) => !hidden.has(l))}
            onChange={(on: string[]) => set({ hide: layers.filter((l) => !on.includes(l)).join(",") || undefined })}
          >
            <Group gap={6} role="group" aria-label={t("layers")}>
              {layers.map((l: Layer) => (
                <Chip key={l} value={l} size="xs" variant="light">
                  {t(l)}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        </Group>
        <SegmentedControl
          size="xs"
          value={search.view ?? "map"}
          onChange={(v) => set({ view: v === "map" ? undefined : v })}
          data={["map", "table"].map((v) => ({ value: v, label: t(`view_${v}`) }))}
          aria-label={t("view")}
        />
      </Group>
      {error && <Problem error={error} retry={() => void refetch()} />}
      {graph.error ? <Problem error={graph.error} /> : null}
      {loaded?.failed && (
        <Alert color="orange" variant="light" icon={<IconInfoCircle aria-hidden />} role="alert">
          {t("shape_failed", { reason: loaded.failed })}
        </Alert>
      )}
      {search.view === "table" ? null : (
        <Card withBorder>
          {loaded && data ? (
            <Chart
              key={map}
              label={t("map")}
              describe={t("describe", {
                addresses: dots.filter((d) => d.kind === "address").length,
                down: dots.filter((d) => d.state === "down").length,
                countries: clients.length,
              })}
              titled={false}
              height={520}
              option={option}
              table={table}
              onReady={onReady}
              before={async (e) => e.echarts.registerMap(map, loaded.shape as never)}
              actions={
                <>
                  <ActionIcon variant="default" aria-label={t("zoom_in")} onClick={() => zoom(1.6)}>
                    <IconPlus size={16} aria-hidden />
                  </ActionIcon>
                  <ActionIcon variant="default" aria-label={t("zoom_out")} onClick={() => zoom(1 / 1.6)}>
                    <IconMinus size={16} aria-hidden />
                  </ActionIcon>
                  <ActionIcon variant="default" aria-label={t("zoom_reset")} onClick={() => zoom(0)}>
                    <IconZoomReset size={16} aria-hidden />
                  </ActionIcon>
                </>
              }
            />
          ) : shape.error ? (
            <Problem error={shape.error} retry={() => void shape.refetch()} />
          ) : (
            <Skeleton height={552} />
          )}
          <Group justify="space-between" mt="xs" gap="xs">
            <Group gap="md" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("legend")}>
              {(["address", "vantage", "node"] as const).map((k) => (
                <Text key={k} fz="xs" component="li">
                  {{ address: "●", vantage: "▲", node: "◆" }[k]} {t(k)}
                </Text>
              ))}
              <Text fz="xs" component="li">
                <span style={{ color: "var(--m-chart-2)" }}>◉</span> {t("clients_hour")}
              </Text>
              {arcs.length > 0 && (
                <Text fz="xs" component="li">
                  <span style={{ color: "var(--m-chart-1)" }}>⟶</span> {t("arcs")}
                </Text>
              )}
            </Group>
            <Text fz="xs" c="dimmed" maw={620}>
              {t(loaded?.custom ? "note_custom" : "note")}
            </Text>
          </Group>
        </Card>
      )}
      {data && <Unplaced of={data} />}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <ListOf title={t("addresses")} dots={dots.filter((d) => d.kind === "address")} omitted={data?.omitted_addresses ?? 0} />
        <Clients of={data} nameOf={nameOf} />
        <ListOf title={t("vantages")} dots={dots.filter((d) => d.kind === "vantage")} omitted={0} />
        <ListOf title={t("nodes")} dots={dots.filter((d) => d.kind === "node")} omitted={0} />
      </SimpleGrid>
    </Page>
  );
}

function placeText(p: Schemas["Place"]): string {
  const where = [p.subdivision, p.country].find(Boolean)?.toUpperCase();
  const at = `${number(p.latitude, 1)}, ${number(p.longitude, 1)}`;
  return where ? `${where} · ${at}` : at;
}

export function dotsOf(data: Points, only: string[] | undefined, t: (k: string) => string): Dot[] {
  const wanted = only && new Set(only);
  const out: Dot[] = [];
  for (const a of data.addresses) {
    if (wanted && !wanted.has(a.name)) continue;
    const state = stateOfGrade(a.health);
    out.push({
      kind: "address",
      name: a.name,
      value: a.value,
      state,
      word: a.health === "unmonitored" ? t("common:health.unmonitored") : t(`common:state.${state}`),
      at: [a.place.longitude, a.place.latitude],
      place: placeText(a.place),
    });
  }
  for (const [kind, list] of [
    ["vantage", data.vantages],
    ["node", data.nodes],
  ] as const) {
    for (const p of list) {
      if (!p.place) continue;
      out.push({
        kind,
        name: p.id,
        state: stateOfWord(p.state),
        word: t(`state_${p.state}`),
        at: [p.place.longitude, p.place.latitude],
        place: placeText(p.place),
      });
    }
  }
  return out;
}

type Heat = { name: string; queries: number; at: [number, number] | undefined };

/** Countries, and in place of mainland China its provinces as far as they are known. */
export function heat(data: Points, nameOf: (c: Schemas["MapCountry"]) => string): Heat[] {
  const { countries, provinces } = data.clients;
  const known = provinces.reduce((n, p) => n + p.queries, 0);
  return [...countries.map((c) => (c.code === "cn" ? { ...c, queries: Math.max(0, c.queries - known) } : c)), ...provinces]
    .filter((c) => c.queries > 0)
    .map((c): Heat => ({ name: nameOf(c), queries: c.queries, at: c.point ? [c.point.longitude, c.point.latitude] : undefined }));
}

function Unplaced({ of }: { of: Points }) {
  const { t } = useTranslation("map");
  const parts: ReactNode[] = [];
  const vantages = of.vantages.filter((v) => !v.place).length;
  const nodes = of.nodes.filter((n) => !n.place).length;
  if (of.unplaced_addresses > 0) parts.push(t("unplaced_addresses", { count: of.unplaced_addresses }));
  if (vantages + nodes > 0) parts.push(t("unplaced_machines", { count: vantages + nodes, labels: of.place_labels.join(", ") }));
  if (parts.length === 0) return null;
  return (
    <Text fz="sm" c="dimmed">
      {parts.map((p, i) => (
        <span key={String(p)}>
          {i > 0 && " "}
          {p}
        </span>
      ))}
    </Text>
  );
}

const worstFirst: State[] = ["down", "degraded", "stale", "withdrawn", "unknown", "manual", "ok", "disabled"];

function ListOf({ title, dots, omitted }: { title: string; dots: Dot[]; omitted: number }) {
  const { t } = useTranslation("map");
  const sorted = [...dots].sort((a, b) => worstFirst.indexOf(a.state) - worstFirst.indexOf(b.state) || a.name.localeCompare(b.name));
  const more = Math.max(0, sorted.length - mostRows) + omitted;
  return (
    <Section title={title}>
      {sorted.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t("none_placed")}
        </Text>
      ) : (
        <Table fz="sm" verticalSpacing={4} aria-label={title}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("name")}</Table.Th>
              <Table.Th>{t("state")}</Table.Th>
              <Table.Th>{t("place")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sorted.slice(0, mostRows).map((d) => (
              <Table.Tr key={d.name} data-point={d.name}>
                <Table.Td>
                  <ObjectLink kind={d.kind} name={d.name} />
                  {d.value && (
                    <Text span fz="xs" c="dimmed" className="mono">
                      {" "}
                      {d.value}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <StateBadge state={d.state} word={d.word} />
                </Table.Td>
                <Table.Td>{d.place}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          {more > 0 && <Table.Caption>{t("more", { count: more })}</Table.Caption>}
        </Table>
      )}
    </Section>
  );
}

function Clients({ of, nameOf }: { of: Points | undefined; nameOf: (c: Schemas["MapCountry"]) => string }) {
  const { t } = useTranslation("map");
  const [all, setAll] = useState(false);
  const clients = of?.clients;
  const rows = clients
    ? clients.countries.flatMap((c) => [{ c, of: "" }, ...(c.code === "cn" ? clients.provinces.map((p) => ({ c: p, of: "cn" })) : [])])
    : [];
  return (
    <Section title={t("clients_hour")}>
      {!clients ? (
        <Skeleton height={80} />
      ) : rows.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t(clients.known ? "no_clients" : "clients_unknown")}
        </Text>
      ) : (
        <>
          <Table fz="sm" verticalSpacing={4} aria-label={t("clients_hour")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("place")}</Table.Th>
                <Table.Th className="num">{t("queries_title")}</Table.Th>
                <Table.Th className="num">{t("share")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.slice(0, all ? undefined : 12).map(({ c, of: parent }) => (
                <Table.Tr key={c.code || "nowhere"} data-country={c.code}>
                  <Table.Td pl={parent ? "xl" : undefined}>{nameOf(c)}</Table.Td>
                  <Table.Td className="num">{short(c.queries)}</Table.Td>
                  <Table.Td className="num">{percent(clients.total ? c.queries / clients.total : 0)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {rows.length > 12 && (
            <Anchor component="button" type="button" fz="sm" mt={4} onClick={() => setAll(!all)}>
              {t(all ? "fewer" : "all_places", { count: rows.length })}
            </Anchor>
          )}
        </>
      )}
    </Section>
  );
}
