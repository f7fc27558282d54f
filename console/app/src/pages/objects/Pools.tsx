import { Text } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { Health } from "@/components/Health";
import { HeartbeatMini } from "@/components/Heartbeat";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { useStrips } from "@/components/strips";
import { pageSize, useCursor } from "@/lib/cursor";
import { number } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { NewObject, RowActions } from "./actions";
import type { ListSearch } from "./area";
import { Labels, Reason, Uses, useCommonFilters } from "./lists";

type Pool = Schemas["Pool"];

export function Pools() {
  const { t } = useTranslation("objects");
  const [search, set] = useSearchState<ListSearch>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const { q, sort, health, enabled, label, type, policy } = search;
  const { data, error, refetch, isFetching } = $api.useQuery(
    "get",
    "/api/v1/pools",
    { params: { query: { limit: pageSize, with: "health,used_by", q, sort, health, enabled, label, type, policy, cursor } } },
    { placeholderData: (old) => old },
  );
  const strips = useStrips("pool", data?.items.map((p) => p.name) ?? []);
  const filtered = Boolean(q || health || enabled || label || type || policy);
  const columns: Column<Pool>[] = [
    {
      key: "name",
      title: t("name"),
      sort: "name",
      cell: (p) => (
        <>
          <ObjectLink kind="pool" name={p.name} />
          {p.remark && (
            <Text fz="xs" c="dimmed" lineClamp={1}>
              {p.remark}
            </Text>
          )}
          <Labels labels={p.labels} />
        </>
      ),
    },
    {
      key: "state",
      title: t("state"),
      sort: "health",
      cell: (p) => (
        <>
          <Health {...p} />
          <Reason state={p.state} />
        </>
      ),
    },
    {
      key: "beat",
      title: t("last_day"),
      width: 150,
      wide: true,
      cell: (p) => <HeartbeatMini slots={strips(p.name)} label={p.name} />,
    },
    { key: "policy", title: t("policy"), wide: true, cell: (p) => `${p.type} · ${t(`common:policy.${p.policy}`)}` },
    { key: "members", title: t("members"), numeric: true, wide: true, cell: (p) => number(p.members?.length ?? 0) },
    { key: "used", title: t("used_by"), wide: true, cell: (p) => <Uses counts={p.used_by_counts} /> },
    { key: "actions", title: "", width: 48, cell: (p) => <RowActions kind="pool" name={p.name} /> },
  ];
  return (
    <Page title={t("pools")} about={t("pools_about")} actions={<NewObject kind="pool" />}>
      <ListTools
        values={search}
        set={(p) => set(p as ListSearch)}
        filters={[
          ...useCommonFilters(),
          { key: "type", label: t("type"), options: ["IPv4", "IPv6", "domain"].map((v) => ({ value: v, label: t(`family.${v}`) })) },
          {
            key: "policy",
            label: t("policy"),
            options: ["proximity", "sequential", "round_robin", "weighted"].map((v) => ({ value: v, label: t(`common:policy.${v}`) })),
          },
        ]}
      />
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!(error && !data) && (
        <DataTable
          label={t("pools")}
          columns={columns}
          rows={data?.items}
          keyOf={(p) => p.name}
          sort={sort ?? "name"}
          onSort={(s) => set({ sort: s })}
          loading={isFetching}
          paging={paging(data)}
          empty={
            <Empty
              icon={IconStack2}
              title={t(filtered ? "nothing_found" : "no_pools")}
              actions={filtered ? undefined : <NewObject kind="pool" />}
            >
              {t(filtered ? "nothing_found_about" : "no_pools_about")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}
