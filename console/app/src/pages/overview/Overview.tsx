import { Anchor, Card, Group, List, SimpleGrid, Skeleton, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { Sparkline } from "@/components/charts/Sparkline";
import { HealthBar, type Share } from "@/components/HealthBar";
import { OrderText } from "@/components/OrderText";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { StateBadge } from "@/components/State";
import { words } from "@/i18n";
import { number, short } from "@/lib/format";
import { grades, stateOfGrade, stateOfWord } from "@/lib/health";
import { AllWell, total } from "./AllWell";
import { Recent } from "./Recent";

// What a healthy installation does not show is not loaded: this is everybody's first view.
const Problems = lazy(async () => {
  const [m] = await Promise.all([import("./Problems"), words("changes")()]);
  return { default: m.Problems };
});
const Begin = lazy(async () => ({ default: (await import("./Begin")).Begin }));

export function Overview() {
  const { t } = useTranslation("overview");
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/overview", undefined, { placeholderData: (old) => old });
  const nothing = data && data.problems.length === 0 && !data.objects.access_domain && !data.objects.pool && !data.objects.address;
  return (
    <Page title={t("title")} about={t("about")}>
      {error && <Problem error={error} retry={() => void refetch()} />}
      {data?.problems.length === 0 && !nothing ? (
        <AllWell />
      ) : data ? (
        <Suspense fallback={<Skeleton height={92} radius="md" />}>{nothing ? <Begin /> : <Problems of={data} />}</Suspense>
      ) : (
        !error && <Skeleton height={92} radius="md" />
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
        <Kind of={data} name="access_domains" to="/domains" />
        <Kind of={data} name="pools" to="/pools" />
        <Kind of={data} name="addresses" to="/addresses" />
        <Rate />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Recent />
        <Stack gap="md">
          <Machines of={data} />
          <Orders />
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

/** How many of a kind there are, and how well they are. */
function Kind({ of, name, to }: { of: Schemas["Overview"] | undefined; name: "access_domains" | "pools" | "addresses"; to: string }) {
  const { t } = useTranslation("overview");
  const counts = of?.counts[name];
  const shares: Share[] = grades.map((g) => ({
    key: g,
    state: stateOfGrade(g),
    count: counts?.[g] ?? 0,
    word: g === "unmonitored" ? t("common:health.unmonitored") : t(`common:state.${stateOfGrade(g)}`),
    to,
    search: { health: g },
  }));
  return (
    <Card withBorder data-kind={name}>
      <Group justify="space-between" align="baseline">
        <Anchor component={Link} to={to} fw={650} c="inherit" fz="sm">
          {t(name)}
        </Anchor>
        <Text fz="xl" fw={700}>
          {counts ? total(counts) : "–"}
        </Text>
      </Group>
      <Text fz="xs" c="dimmed" mb={8}>
        {of ? t("in_service", { count: of.available[name] ?? 0 }) : "–"}
      </Text>
      {counts ? <HealthBar shares={shares} label={t(name)} /> : <Skeleton height={36} />}
    </Card>
  );
}

/** Queries per second over the last hour, as control counted them. */
function Rate() {
  const { t } = useTranslation("overview");
  const { data, error } = $api.useQuery(
    "get",
    "/api/v1/stats/queries",
    { params: { query: { last: "1h" } } },
    { refetchInterval: 15_000, retry: false },
  );
  const values = useMemo(() => {
    if (!data) return [];
    const step = data.step_seconds * 1000;
    const points = new Map(data.series[0]?.points?.map((p) => [new Date(p.at).getTime(), p.queries]));
    const covered = new Set(data.covered.map((c) => new Date(c.at).getTime()));
    const out: (number | null)[] = [];
    const end = Math.floor(new Date(data.until).getTime() / step) * step;
    // The interval that is still running would show as a fall.
    for (let at = Math.ceil(new Date(data.from).getTime() / step) * step; at < end; at += step)
      out.push(covered.has(at) ? (points.get(at) ?? 0) / data.step_seconds : null);
    return out;
  }, [data]);
  const now = values.at(-1);
  return (
    <Card withBorder data-kind="queries">
      <Group justify="space-between" align="baseline">
        <Anchor component={Link} to="/traffic" fw={650} c="inherit" fz="sm">
          {t("queries")}
        </Anchor>
        <Text fz="xl" fw={700}>
          {now === undefined || now === null ? "–" : now < 100 ? number(now, 1) : short(now)}
        </Text>
      </Group>
      <Text fz="xs" c="dimmed" mb={8}>
        {t("queries_about", { count: data?.total ?? 0, total: short(data?.total) })}
      </Text>
      {error ? (
        <Text fz="xs" c="dimmed">
          {t("no_stats")}
        </Text>
      ) : (
        <Sparkline values={values} label={t("queries_label")} />
      )}
    </Card>
  );
}

function Machines({ of }: { of: Schemas["Overview"] | undefined }) {
  const { t } = useTranslation("overview");
  const shares = (name: "nodes" | "vantages", words: string[], to: string): Share[] =>
    words.map((w) => ({
      key: w,
      state: stateOfWord(w),
      count: of?.counts[name]?.[w] ?? 0,
      word: t(`${name}_${w}`),
      to,
      search: { state: w },
    }));
  return (
    <Section title={t("machines")}>
      <SimpleGrid cols={2}>
        <div>
          <Anchor component={Link} to="/nodes" fz="sm" fw={600} c="inherit">
            {t("nodes", { count: Number(total(of?.counts.nodes)) })}
          </Anchor>
          <div style={{ marginTop: 6 }}>
            {of ? (
              <HealthBar shares={shares("nodes", ["heard", "silent", "invited"], "/nodes")} label={t("nodes_label")} />
            ) : (
              <Skeleton height={36} />
            )}
          </div>
        </div>
        <div>
          <Anchor component={Link} to="/vantages" fz="sm" fw={600} c="inherit">
            {t("vantages", { count: Number(total(of?.counts.vantages)) })}
          </Anchor>
          <div style={{ marginTop: 6 }}>
            {of ? (
              <HealthBar shares={shares("vantages", ["alive", "isolated", "lost"], "/vantages")} label={t("vantages_label")} />
            ) : (
              <Skeleton height={36} />
            )}
          </div>
        </div>
      </SimpleGrid>
    </Section>
  );
}

// More orders than fit a glance are a list of their own.
const mostOrders = 6;

function Orders() {
  const { t } = useTranslation("overview");
  const { data, error } = $api.useQuery("get", "/api/v1/overrides", { params: { query: { limit: 100 } } });
  const list = data?.items.filter((o) => o.state !== "ended") ?? [];
  return (
    <Section
      title={t("orders")}
      actions={
        <Anchor component={Link} to="/overrides" fz="sm">
          {t("all_orders")}
        </Anchor>
      }
    >
      {error ? (
        <Problem error={error} />
      ) : !data ? (
        <Skeleton height={40} />
      ) : list.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t("no_orders")}
        </Text>
      ) : (
        <List listStyleType="none" spacing={6} p={0}>
          {list.slice(0, mostOrders).map((o) => (
            <List.Item key={o.id} data-order={o.id}>
              <StateBadge state={o.action === "drain" ? "withdrawn" : "manual"} word={t(`order_${o.state || "unknown"}`)} />{" "}
              <OrderText o={o} />
            </List.Item>
          ))}
          {list.length > mostOrders && (
            <Text fz="sm" c="dimmed">
              {t("more_orders", { count: list.length - mostOrders })}
            </Text>
          )}
        </List>
      )}
    </Section>
  );
}
