import { Anchor, Button, Group, SegmentedControl } from "@mantine/core";
import { IconFileImport, IconPlus, IconWorld } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { StateBadge } from "@/components/State";
import { Ago } from "@/components/Time";
import { pageSize, useCursor } from "@/lib/cursor";
import { useEdit } from "@/lib/edit";
import { number } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { Import } from "./Import";

type Zone = Schemas["Zone"];
type Search = { q?: string; sort?: string; enabled?: string; import?: string };

export function Zones() {
  const { t } = useTranslation("zones");
  const may = useCan("operator");
  const edit = useEdit();
  const [search, set] = useSearchState<Search>();
  const { cursor, paging } = useCursor(`${search.q}|${search.sort}|${search.enabled}`);
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/zones", {
    params: {
      query: {
        limit: pageSize,
        ...(cursor ? { cursor } : {}),
        ...(search.q ? { q: search.q } : {}),
        ...(search.sort ? { sort: search.sort } : {}),
        ...(search.enabled ? { enabled: search.enabled } : {}),
      },
    },
  });
  const columns: Column<Zone>[] = [
    {
      key: "name",
      title: t("zone"),
      sort: "name",
      cell: (z) => (
        <Anchor
          component={Link}
          to={`/zones/${encodeURIComponent(z.name)}` as string}
          fz="sm"
          fw={600}
          style={{ overflowWrap: "anywhere" }}
        >
          {z.name}
        </Anchor>
      ),
    },
    { key: "records", title: t("records"), numeric: true, width: 110, cell: (z) => number(z.record_count) },
    { key: "serial", title: t("serial"), numeric: true, width: 130, wide: true, cell: (z) => String(z.serial ?? "–") },
    {
      key: "servers",
      title: t("nameservers"),
      wide: true,
      cell: (z) => (z.nameservers?.length ? z.nameservers.join(", ") : <span className="muted">{t("from_settings")}</span>),
    },
    {
      key: "state",
      title: t("state"),
      width: 120,
      cell: (z) => (z.enabled ? <StateBadge state="ok" word={t("served")} /> : <StateBadge state="disabled" />),
    },
    { key: "updated", title: t("updated"), width: 140, sort: "updated_at", wide: true, cell: (z) => <Ago at={z.updated_at} /> },
  ];
  const filtered = Boolean(search.q || search.enabled);
  const buttons = may && (
    <>
      <Button variant="default" leftSection={<IconFileImport size={16} aria-hidden />} onClick={() => set({ import: "new" }, true)}>
        {t("import.do")}
      </Button>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => edit("zone", "")}>
        {t("new")}
      </Button>
    </>
  );
  return (
    <Page title={t("title")} about={t("about")} actions={buttons}>
      <Group gap="xs">
        <SearchInput label={t("search_zones")} value={search.q} onChange={(q) => set({ q })} />
        <SegmentedControl
          aria-label={t("state")}
          value={search.enabled ?? ""}
          onChange={(enabled) => set({ enabled })}
          data={[
            { value: "", label: t("all") },
            { value: "true", label: t("served") },
            { value: "false", label: t("common:state.disabled") },
          ]}
        />
      </Group>
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <DataTable
          label={t("title")}
          columns={columns}
          rows={data?.items}
          keyOf={(z) => z.id}
          sort={search.sort ?? "name"}
          onSort={(sort) => set({ sort })}
          loading={isFetching && !data}
          paging={paging(data)}
          empty={
            <Empty icon={IconWorld} title={t(filtered ? "none_found" : "none")} actions={filtered ? undefined : buttons}>
              {t(filtered ? "none_found_why" : "none_why")}
            </Empty>
          }
        />
      )}
      {search.import && may && <Import onClose={() => set({ import: "" })} />}
    </Page>
  );
}
