import { Text } from "@mantine/core";
import { IconServer2 } from "@tabler/icons-react";
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

type Address = Schemas["Address"];

export function Addresses() {
  const { t } = useTranslation("objects");
  const [search, set] = useSearchState<ListSearch>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const { q, sort, health, enabled, label, type, mode, template } = search;
  const { data, error, refetch, isFetching } = $api.useQuery(
    "get",
    "/api/v1/addresses",
    { params: { query: { limit: pageSize, with: "health,used_by", q, sort, health, enabled, label, type, mode, template, cursor } } },
    { placeholderData: (old) => old },
  );
  const strips = useStrips("address", data?.items.map((a) => a.name) ?? []);
  const filtered = Boolean(q || health || enabled || label || type || mode || template);
  const columns: Column<Address>[] = [
    {
      key: "name",
      title: t("name"),
      sort: "name",
      cell: (a) => (
        <>
          <ObjectLink kind="address" name={a.name} />
          <Text fz="xs" className="mono" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {a.address}
          </Text>
          <Labels labels={a.labels} />
        </>
      ),
    },
    {
      key: "state",
      title: t("state"),
      sort: "health",
      cell: (a) => (
        <>
          <Health {...a} />
          <Reason state={a.state} />
        </>
      ),
    },
    {
      key: "beat",
      title: t("last_day"),
      width: 150,
      wide: true,
      cell: (a) => <HeartbeatMini slots={strips(a.name)} label={a.name} />,
    },
    { key: "tasks", title: t("tasks"), numeric: true, wide: true, cell: (a) => number(a.tasks?.length ?? 0) },
    { key: "used", title: t("used_by"), wide: true, cell: (a) => <Uses counts={a.used_by_counts} /> },
    { key: "actions", title: "", width: 48, cell: (a) => <RowActions kind="address" name={a.name} /> },
  ];
  return (
    <Page title={t("addresses")} about={t("addresses_about")} actions={<NewObject kind="address" />}>
      <ListTools
        values={search}
        set={(p) => set(p as ListSearch)}
        filters={[
          ...useCommonFilters(),
          { key: "type", label: t("type"), options: ["IPv4", "IPv6", "domain"].map((v) => ({ value: v, label: t(`family.${v}`) })) },
          {
            key: "mode",
            label: t("mode"),
            options: ["auto", "manual_available", "manual_unavailable"].map((v) => ({ value: v, label: t(`mode_${v}`) })),
          },
        ]}
      />
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!(error && !data) && (
        <DataTable
          label={t("addresses")}
          columns={columns}
          rows={data?.items}
          keyOf={(a) => a.name}
          sort={sort ?? "name"}
          onSort={(s) => set({ sort: s })}
          loading={isFetching}
          paging={paging(data)}
          empty={
            <Empty
              icon={IconServer2}
              title={t(filtered ? "nothing_found" : "no_addresses")}
              actions={filtered ? undefined : <NewObject kind="address" />}
            >
              {t(filtered ? "nothing_found_about" : "no_addresses_about")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}
