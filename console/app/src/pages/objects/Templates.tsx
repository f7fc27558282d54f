import { Text } from "@mantine/core";
import { IconHeartbeat } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { Health } from "@/components/Health";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { pageSize, useCursor } from "@/lib/cursor";
import { duration, seconds } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { NewObject, RowActions } from "./actions";
import type { ListSearch } from "./area";
import { Labels, Uses, useCommonFilters } from "./lists";

type Template = Schemas["Template"];

export function Templates() {
  const { t } = useTranslation("objects");
  const [search, set] = useSearchState<ListSearch>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const { q, sort, health, enabled, label, protocol } = search;
  const { data, error, refetch, isFetching } = $api.useQuery(
    "get",
    "/api/v1/templates",
    { params: { query: { limit: pageSize, with: "health,used_by", q, sort, health, enabled, label, protocol, cursor } } },
    { placeholderData: (old) => old },
  );
  const filtered = Boolean(q || health || enabled || label || protocol);
  const columns: Column<Template>[] = [
    {
      key: "name",
      title: t("name"),
      sort: "name",
      cell: (p) => (
        <>
          <ObjectLink kind="template" name={p.name} />
          {p.remark && (
            <Text fz="xs" c="dimmed" lineClamp={1}>
              {p.remark}
            </Text>
          )}
          <Labels labels={p.labels} />
        </>
      ),
    },
    { key: "state", title: t("state"), sort: "health", cell: (p) => <Health {...p} /> },
    { key: "protocol", title: t("protocol"), cell: (p) => t(`protocol_${p.protocol}`) },
    { key: "interval", title: t("interval"), numeric: true, wide: true, cell: (p) => duration(seconds(p.interval)) },
    { key: "timeout", title: t("timeout"), numeric: true, wide: true, cell: (p) => duration(seconds(p.timeout)) },
    { key: "used", title: t("used_by"), wide: true, cell: (p) => <Uses counts={p.used_by_counts} /> },
    { key: "actions", title: "", width: 48, cell: (p) => <RowActions kind="template" name={p.name} /> },
  ];
  return (
    <Page title={t("templates")} about={t("templates_about")} actions={<NewObject kind="template" />}>
      <ListTools
        values={search}
        set={(p) => set(p as ListSearch)}
        filters={[
          ...useCommonFilters(),
          {
            key: "protocol",
            label: t("protocol"),
            options: ["ping", "tcp", "http", "https"].map((v) => ({ value: v, label: t(`protocol_${v}`) })),
          },
        ]}
      />
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!(error && !data) && (
        <DataTable
          label={t("templates")}
          columns={columns}
          rows={data?.items}
          keyOf={(p) => p.name}
          sort={sort ?? "name"}
          onSort={(s) => set({ sort: s })}
          loading={isFetching}
          paging={paging(data)}
          empty={
            <Empty
              icon={IconHeartbeat}
              title={t(filtered ? "nothing_found" : "no_templates")}
              actions={filtered ? undefined : <NewObject kind="template" />}
            >
              {t(filtered ? "nothing_found_about" : "no_templates_about")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}
