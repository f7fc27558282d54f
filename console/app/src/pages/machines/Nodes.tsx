import { Alert, List, Text } from "@mantine/core";
import { IconAlertTriangle, IconServerBolt } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { StateBadge } from "@/components/State";
import { Ago } from "@/components/Time";
import { pageSize, useCursor } from "@/lib/cursor";
import { duration, number, seconds, short } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { InviteNode } from "@/pages/settings/InviteNode";
import type { MachineSearch } from "./area";
import { useRates } from "./rates";
import { alarmsOf, stateOfNode } from "./states";

type Node = Schemas["Node"];

export function Nodes() {
  const admin = useCan("admin");
  const { t } = useTranslation("machines");
  const [search, set] = useSearchState<MachineSearch>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const { q, sort, state, role } = search;
  const { data, error, refetch } = $api.useQuery(
    "get",
    "/api/v1/nodes",
    { params: { query: { limit: pageSize, q, sort, state, role, cursor } } },
    { placeholderData: (old) => old, refetchInterval: 5_000 },
  );
  const rates = useRates(data?.items);
  const alarmed = data?.items.filter((n) => (n.alarms?.length ?? 0) > 0) ?? [];
  const columns: Column<Node>[] = [
    {
      key: "id",
      title: t("node"),
      sort: "id",
      cell: (n) => (
        <>
          <ObjectLink kind="node" name={n.id} />
          <Text fz="xs" c="dimmed">
            {Object.entries(n.labels ?? {})
              .map(([k, v]) => `${k}=${v}`)
              .join(" ")}
          </Text>
        </>
      ),
    },
    {
      key: "state",
      title: t("state"),
      cell: (n) => {
        const s = stateOfNode(n);
        return <StateBadge state={s.state} word={t(`node_state_${s.word}`)} />;
      },
    },
    { key: "roles", title: t("roles"), sort: "role", wide: true, cell: (n) => n.roles.map((r) => t(`role_${r}`, r)).join(", ") },
    {
      key: "revision",
      title: t("revision"),
      sort: "behind",
      numeric: true,
      cell: (n) => (
        <>
          {n.position.revision ? number(n.position.revision) : "–"}
          {n.behind > 0 && (
            <Text fz="xs" c="var(--m-state-orange)">
              {t("behind", { count: n.behind, duration: duration(seconds(n.behind_for)) })}
            </Text>
          )}
        </>
      ),
    },
    {
      key: "rate",
      title: t("rate"),
      numeric: true,
      cell: (n) => {
        if (!n.roles.includes("resolver")) return "–";
        const r = rates.get(n.id);
        return r === undefined ? "…" : r < 100 ? number(r, 1) : short(r);
      },
    },
    { key: "version", title: t("version"), sort: "version", wide: true, cell: (n) => n.version || "–" },
    {
      key: "since",
      title: t("connected"),
      numeric: true,
      wide: true,
      cell: (n) => (n.connected_since ? <Ago at={n.connected_since} /> : "–"),
    },
    {
      key: "heard",
      title: t("heard"),
      sort: "silent",
      numeric: true,
      wide: true,
      cell: (n) => (n.last_seen ? t("silent_for", { duration: duration(seconds(n.silent_for)) }) : "–"),
    },
  ];
  return (
    <Page title={t("nodes")} about={t("nodes_about")} actions={admin && <InviteNode />}>
      <ListTools
        values={{ q, state, role }}
        set={(p) => set(p)}
        filters={[
          {
            key: "state",
            label: t("state"),
            options: ["heard", "silent", "invited"].map((v) => ({ value: v, label: t(`node_state_${v}`) })),
          },
          { key: "role", label: t("roles"), options: ["control", "resolver", "prober"].map((v) => ({ value: v, label: t(`role_${v}`) })) },
        ]}
      />
      {alarmed.length > 0 && (
        <Alert color="orange" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t("alarms")}>
          <List fz="sm">
            {alarmed.flatMap((n) =>
              alarmsOf(n).map((a) => (
                <List.Item key={`${n.id} ${a}`}>
                  <ObjectLink kind="node" name={n.id} />: {a}
                </List.Item>
              )),
            )}
          </List>
        </Alert>
      )}
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!(error && !data) && (
        <DataTable
          label={t("nodes")}
          columns={columns}
          rows={data?.items}
          keyOf={(n) => n.id}
          sort={sort ?? "id"}
          onSort={(s) => set({ sort: s })}
          loading={!data}
          skeletonRows={3}
          paging={paging(data)}
          empty={
            <Empty icon={IconServerBolt} title={t("no_nodes")}>
              {t("no_nodes_about")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}
