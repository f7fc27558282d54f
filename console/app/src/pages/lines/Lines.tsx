import { Anchor, Button, Card, Group, Stack, Tabs, Text } from "@mantine/core";
import { IconPlus, IconRoute } from "@tabler/icons-react";
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
import { Client } from "./Client";
import { Tree } from "./Tree";

type Search = { tab?: string; q?: string; sort?: string; client?: string };

export function Lines() {
  const { t } = useTranslation("lines");
  const may = useCan("operator");
  const edit = useEdit();
  const [search, set] = useSearchState<Search>();
  const tab = search.tab === "builtin" ? "builtin" : "custom";
  return (
    <Page
      title={t("title")}
      about={t("about")}
      actions={
        may && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => edit("line", "")}>
            {t("new")}
          </Button>
        )
      }
    >
      <Client value={search.client} onChange={(client) => set({ client })} />
      <Card withBorder>
        <Tabs value={tab} onChange={(v) => set({ tab: v === "custom" ? "" : (v ?? ""), q: "" })} keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="custom">{t("tab.custom")}</Tabs.Tab>
            <Tabs.Tab value="builtin">{t("tab.builtin")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="custom">
            <Custom search={search} set={set} onNew={may ? () => edit("line", "") : undefined} />
          </Tabs.Panel>
          <Tabs.Panel value="builtin">
            <Text fz="sm" c="dimmed" mb="sm">
              {t("tree.about")}
            </Text>
            <Tree q={search.q} onSearch={(q) => set({ q })} />
          </Tabs.Panel>
        </Tabs>
      </Card>
    </Page>
  );
}

function Custom({ search, set, onNew }: { search: Search; set: (p: Search) => void; onNew: (() => void) | undefined }) {
  const { t } = useTranslation("lines");
  const { cursor, paging } = useCursor(`${search.q}|${search.sort}`);
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/lines", {
    params: {
      query: {
        limit: pageSize,
        ...(cursor ? { cursor } : {}),
        ...(search.q ? { q: search.q } : {}),
        ...(search.sort ? { sort: search.sort } : {}),
      },
    },
  });
  const columns: Column<Schemas["Line"]>[] = [
    {
      key: "name",
      title: t("name"),
      sort: "name",
      cell: (l) => (
        <div>
          <Anchor
            component={Link}
            to={`/lines/${encodeURIComponent(l.name)}` as string}
            fz="sm"
            fw={600}
            style={{ overflowWrap: "anywhere" }}
          >
            {l.name}
          </Anchor>
          {l.remark && (
            <Text fz="xs" c="dimmed" lineClamp={1}>
              {l.remark}
            </Text>
          )}
        </div>
      ),
    },
    {
      key: "cidrs",
      title: t("networks"),
      cell: (l) => (
        <Text fz="sm" className="mono" style={{ overflowWrap: "anywhere" }} lineClamp={2}>
          {l.cidrs.slice(0, 4).join(", ")}
          {l.cidrs.length > 4 ? ` +${number(l.cidrs.length - 4)}` : ""}
        </Text>
      ),
    },
    { key: "count", title: t("count"), numeric: true, width: 90, wide: true, cell: (l) => number(l.cidrs.length) },
    {
      key: "state",
      title: t("state"),
      width: 120,
      cell: (l) => (l.enabled ? <StateBadge state="ok" word={t("enabled")} /> : <StateBadge state="disabled" />),
    },
    { key: "updated", title: t("updated"), width: 140, sort: "updated_at", wide: true, cell: (l) => <Ago at={l.updated_at} /> },
  ];
  return (
    <Stack gap="sm">
      <Group>
        <SearchInput label={t("search")} value={search.q} onChange={(q) => set({ q })} />
      </Group>
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <DataTable
          label={t("tab.custom")}
          columns={columns}
          rows={data?.items}
          keyOf={(l) => l.id}
          sort={search.sort ?? "name"}
          onSort={(sort) => set({ sort })}
          loading={isFetching && !data}
          paging={paging(data)}
          empty={
            <Empty
              icon={IconRoute}
              title={t(search.q ? "none_found" : "none")}
              actions={onNew && !search.q ? <Button onClick={onNew}>{t("new")}</Button> : undefined}
            >
              {t(search.q ? "none_found_why" : "none_why")}
            </Empty>
          }
        />
      )}
    </Stack>
  );
}
