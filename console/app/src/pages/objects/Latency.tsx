// Latency and loss of health tasks over time, a line for each vantage.
import { Group, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { TimeChart } from "@/components/charts/TimeChart";
import type { Series } from "@/components/charts/time";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { TimeRange } from "@/components/TimeRange";
import { duration, percent } from "@/lib/format";
import { type RangeSearch, timesOf } from "@/lib/range";
import { useSearchState } from "@/lib/search";

type ProbeSeries = Schemas["ProbeSeries"];

// Beyond this many lines nobody tells them apart: the slowest are shown, the rest is said to be there.
const mostLines = 8;

const ms = (v: number | undefined | null) => duration(v === undefined || v === null ? undefined : v / 1000);
const share = (v: number | undefined | null) => percent(v === undefined || v === null ? undefined : v, 1);

function worst(list: ProbeSeries[]): ProbeSeries[] {
  const slowness = (s: ProbeSeries) => {
    let sum = 0;
    for (const p of s.points) sum += (p.p50_ms ?? 0) + 1000 * (p.probes ? p.failed / p.probes : 0);
    return s.points.length ? sum / s.points.length : 0;
  };
  return [...list].sort((a, b) => slowness(b) - slowness(a)).slice(0, mostLines);
}

export function linesOf(list: ProbeSeries[], value: (p: ProbeSeries["points"][number]) => number | null, nameless: string): Series[] {
  return list
    .map((s) => ({
      name: s.vantage || nameless,
      points: s.points.map((p): [number, number | null] => [new Date(p.at).getTime(), value(p)]),
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function Charts({ list, from, until, step, group }: { list: ProbeSeries[]; from: number; until: number; step: number; group: string }) {
  const { t } = useTranslation("objects");
  const [, set] = useSearchState<RangeSearch>();
  const shown = useMemo(() => worst(list), [list]);
  const latency = useMemo(() => linesOf(shown, (p) => p.p50_ms ?? null, t("all_vantages")), [shown, t]);
  const loss = useMemo(() => linesOf(shown, (p) => (p.probes ? p.failed / p.probes : null), t("all_vantages")), [shown, t]);
  const zoom = (a: number, b: number) => set({ last: undefined, from: new Date(a).toISOString(), until: new Date(b).toISOString() }, true);
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <TimeChart label={t("latency")} lines={latency} from={from} until={until} step={step} format={ms} group={group} onRange={zoom} />
        <TimeChart
          label={t("loss")}
          lines={loss}
          from={from}
          until={until}
          step={step}
          format={share}
          max={1}
          kind="area"
          group={group}
          onRange={zoom}
        />
      </SimpleGrid>
      {list.length > shown.length && (
        <Text fz="xs" c="dimmed" mt={4}>
          {t("lines_cut", { shown: shown.length, total: list.length })}
        </Text>
      )}
    </>
  );
}

/** query selects the tasks; by says what to tell apart. */
export function LatencySection({
  query,
  by = "task,vantage",
}: {
  query: { address?: string; template?: string; vantage?: string };
  by?: string;
}) {
  const { t } = useTranslation("objects");
  const [search, set] = useSearchState<RangeSearch>();
  const { data, error, refetch } = $api.useQuery(
    "get",
    "/api/v1/history/health",
    { params: { query: { ...query, by, ...timesOf(search, "1h") } } },
    { placeholderData: (old) => old, refetchInterval: 30_000 },
  );
  const tasks = useMemo(() => {
    const out = new Map<string, ProbeSeries[]>();
    for (const s of data?.series ?? []) {
      const key = s.task ? `${s.task.template}${s.task.port ? ` :${s.task.port}` : ""}` : "";
      out.set(key, [...(out.get(key) ?? []), s]);
    }
    return [...out];
  }, [data]);
  const from = data ? new Date(data.from).getTime() : 0;
  const until = data ? new Date(data.until).getTime() : 0;
  return (
    <Section
      title={t("latency_and_loss")}
      actions={<TimeRange value={search} onChange={(r) => set({ from: undefined, until: undefined, last: undefined, ...r })} />}
    >
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={250} />
      ) : tasks.length === 0 ? (
        <Group h={250} justify="center">
          <Text fz="sm" c="dimmed">
            {t("nothing_measured")}
          </Text>
        </Group>
      ) : (
        <Stack gap="lg">
          {tasks.map(([name, list]) => (
            <div key={name}>
              {tasks.length > 1 && (
                <Text fw={600} fz="sm" mb={4}>
                  {name}
                </Text>
              )}
              <Charts list={list} from={from} until={until} step={data.step_seconds} group={`probes ${name}`} />
            </div>
          ))}
        </Stack>
      )}
    </Section>
  );
}
