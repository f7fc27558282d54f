import { Anchor, Badge, Button, Group, Select, Skeleton, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch, IconSitemap } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { StateMark } from "@/canvas/icons";
import { stateOf } from "@/canvas/model";
import { lineName, saidOf, stateWord } from "@/canvas/say";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { pageSize, useCursor } from "@/lib/cursor";
import { number } from "@/lib/format";
import { healths, type ListSearch, policies, types } from "./search";

const route = getRouteApi("/shell/domains");
type Domain = Schemas["AccessDomain"];

export function Domains() {
  const { t } = useTranslation("domains");
  const search = route.useSearch() as ListSearch;
  const navigate = route.useNavigate();
  const can = useCan("operator");
  const set = (change: Partial<ListSearch>) =>
    void navigate({ search: ((old: ListSearch) => ({ ...old, ...change })) as never, replace: true });

  const [q, setQ] = useState(search.q ?? "");
  const [typed] = useDebouncedValue(q, 250);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address follows what was typed
  useEffect(() => {
    if ((search.q ?? "") !== typed) set({ q: typed || undefined });
  }, [typed]);

  const { cursor, paging } = useCursor(JSON.stringify(search));
  const query = {
    limit: pageSize,
    with: "health",
    ...(search.health ? { health: search.health } : {}),
    sort: search.sort ?? "name",
    ...(cursor ? { cursor } : {}),
    ...(search.q ? { q: search.q } : {}),
    ...(search.type ? { type: search.type } : {}),
    ...(search.policy ? { policy: search.policy } : {}),
    ...(search.enabled ? { enabled: search.enabled } : {}),
  };
  const { data, error, isPending, refetch } = $api.useQuery(
    "get",
    "/api/v1/access-domains",
    { params: { query } },
    { placeholderData: (old) => old },
  );
  const filtered = Boolean(search.q || search.type || search.policy || search.enabled || search.health);

  const columns: Column<Domain>[] = [
    {
      key: "name",
      title: t("name"),
      sort: "name",
      cell: (d) => (
        <Group gap={6} wrap="nowrap">
          <Anchor
            component={Link}
            to={"/domains/$name/$type" as string}
            params={{ name: d.name, type: d.type } as never}
            fw={600}
            fz="sm"
            style={{ overflowWrap: "anywhere" }}
          >
            {d.name}
          </Anchor>
          <Badge variant="default" size="sm">
            {d.type}
          </Badge>
        </Group>
      ),
    },
    { key: "health", title: t("health"), sort: "health", cell: (d) => <Health d={d} /> },
    { key: "now", title: t("answers_now"), cell: (d) => <Now d={d} />, wide: true },
    { key: "policy", title: t("policy"), cell: (d) => t(`common:policy.${d.policy}`), wide: true },
    { key: "pools", title: t("pools"), cell: (d) => number(d.pools.length), numeric: true, wide: true },
    { key: "ttl", title: t("ttl"), cell: (d) => number(d.ttl), numeric: true, wide: true },
  ];

  const create = can && (
    <Button component={Link} to={"/domains/new" as string} leftSection={<IconPlus size={16} aria-hidden />}>
      {t("create")}
    </Button>
  );
  return (
    <Page title={t("common:nav.domains")} about={t("about")} actions={create}>
      {error && <Problem error={error} retry={() => void refetch()} />}
      <Group gap="xs" align="flex-end">
        <TextInput
          label={t("search")}
          value={q}
          onChange={(e) => setQ(e.currentTarget.value)}
          leftSection={<IconSearch size={16} aria-hidden />}
          type="search"
          w={260}
        />
        <Select
          label={t("type")}
          clearable
          placeholder={t("any")}
          w={120}
          data={types.map((x) => ({ value: x, label: x }))}
          value={search.type ?? null}
          onChange={(v) => set({ type: (v ?? undefined) as ListSearch["type"] })}
        />
        <Select
          label={t("policy")}
          clearable
          placeholder={t("any")}
          w={160}
          data={policies.map((x) => ({ value: x, label: t(`common:policy.${x}`) }))}
          value={search.policy ?? null}
          onChange={(v) => set({ policy: (v ?? undefined) as ListSearch["policy"] })}
        />
        <Select
          label={t("health")}
          clearable
          placeholder={t("any")}
          w={160}
          data={healths.map((x) => ({ value: x, label: stateWord(t, stateOf({ health: x }, undefined)) }))}
          value={search.health ?? null}
          onChange={(v) => set({ health: (v ?? undefined) as ListSearch["health"] })}
        />
        <Select
          label={t("use")}
          clearable
          placeholder={t("any")}
          w={140}
          data={[
            { value: "true", label: t("enabled") },
            { value: "false", label: t("disabled") },
          ]}
          value={search.enabled ?? null}
          onChange={(v) => set({ enabled: (v ?? undefined) as ListSearch["enabled"] })}
        />
      </Group>
      <DataTable
        label={t("common:nav.domains")}
        columns={columns}
        rows={data?.items}
        keyOf={(d) => `${d.name}/${d.type}`}
        sort={search.sort ?? "name"}
        onSort={(s) => set({ sort: s })}
        loading={isPending}
        paging={paging(data)}
        empty={
          filtered ? (
            <Empty
              icon={IconSearch}
              title={t("none_found")}
              actions={
                <Button
                  variant="default"
                  onClick={() => {
                    setQ("");
                    set({ q: undefined, type: undefined, policy: undefined, enabled: undefined, health: undefined });
                  }}
                >
                  {t("clear_filters")}
                </Button>
              }
            />
          ) : (
            <Empty icon={IconSitemap} title={t("empty.title")} actions={can && <Scenarios />}>
              {t("empty.about")}
            </Empty>
          )
        }
      />
    </Page>
  );
}

const scenarios = ["active_standby", "active_active", "by_carrier", "by_region", "hybrid_cloud", "health_only", "custom"] as const;

function Scenarios() {
  const { t } = useTranslation("domains");
  return (
    <>
      {scenarios.map((s, i) => (
        <Button
          key={s}
          component={Link}
          to={"/domains/new" as string}
          search={{ scenario: s } as never}
          variant={i === 0 ? "filled" : "default"}
        >
          {t(`scenario.${s}`)}
        </Button>
      ))}
    </>
  );
}

function Health({ d }: { d: Domain }) {
  const { t } = useTranslation("canvas");
  const state = stateOf({ health: d.health ?? "unknown", override: d.override }, d);
  return (
    <span title={d.state ? saidOf(d.state) : undefined}>
      <StateMark state={state} word={stateWord(t, state)} />
    </span>
  );
}

/** Who answers now, line by line; lines that get the same stand together. */
function Now({ d }: { d: Domain }) {
  const { t } = useTranslation("domains");
  // Asked again when the domain or its health changes, and now and then: not at each change of health anywhere.
  const { data } = useQuery({
    queryKey: ["now", d.name, d.type, d.version, d.health, d.state?.text],
    queryFn: async ({ signal }) =>
      (await api.GET("/api/v1/access-domains/{name}/{type}/graph", { params: { path: { name: d.name, type: d.type } }, signal })).data,
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  if (!data) return <Skeleton height={16} width={160} />;
  if (!data.domain.answered)
    return (
      <Text fz="sm" c="dimmed">
        {t("canvas:not_answered")}
      </Text>
    );
  const by = new Map<string, string[]>();
  for (const l of data.lines) {
    const to = (l.outcome.pools ?? []).map((p) => p.pool).join(t("canvas:comma")) || t("canvas:gets_nothing");
    by.set(to, [
      ...(by.get(to) ?? []),
      l.line === "default"
        ? data.lines.length === 1
          ? t("canvas:all_clients")
          : t("canvas:default_line")
        : lineName({ code: l.line, names: { en: l.name_en, zh: l.name_zh } }),
    ]);
  }
  const all = [...by];
  return (
    <Text fz="sm" component="div">
      {all.slice(0, 3).map(([to, who]) => (
        <div key={to}>
          <span style={{ fontWeight: 600 }}>{to}</span>{" "}
          <span className="muted">{who.slice(0, 3).join(t("canvas:comma")) + (who.length > 3 ? " …" : "")}</span>
        </div>
      ))}
      {all.length > 3 && <span className="muted">{t("more", { count: all.length - 3 })}</span>}
    </Text>
  );
}
