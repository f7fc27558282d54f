import { Text } from "@mantine/core";
import { IconRadar2 } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { HeartbeatMini } from "@/components/Heartbeat";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { StateBadge } from "@/components/State";
import { useStrips } from "@/components/strips";
import { say } from "@/i18n/say";
import { pageSize, useCursor } from "@/lib/cursor";
import { duration, number, seconds } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { Labels } from "@/pages/objects/lists";
import type { MachineSearch } from "./area";
import { stateOfVantage } from "./states";

type Vantage = Schemas["Vantage"];

export function Vantages() {
  const { t } = useTranslation("machines");
  const [search, set] = useSearchState<MachineSearch>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const { q, state } = search;
  const { data, error, refetch } = $api.useQuery(
    "get",
    "/api/v1/vantages",
    { params: { query: { limit: pageSize, q, state, cursor } } },
    { placeholderData: (old) => old, refetchInterval: 5_000 },
  );
  const strips = useStrips("vantage", data?.items.map((v) => v.id) ?? []);
  const columns: Column<Vantage>[] = [
    {
      key: "id",
      title: t("vantage"),
      cell: (v) => (
        <>
          <ObjectLink kind="vantage" name={v.id} />
          <Labels labels={v.labels} />
        </>
      ),
    },
    {
      key: "state",
      title: t("state"),
      cell: (v) => (
        <>
          <StateBadge state={stateOfVantage(v)} word={t(`vantage_state_${v.state}`)} />
          {v.reason && (
            <Text fz="xs" c="dimmed">
              {say(v.said ?? { text: v.reason })}
            </Text>
          )}
        </>
      ),
    },
    { key: "beat", title: t("last_day"), wide: true, width: 150, cell: (v) => <HeartbeatMini slots={strips(v.id)} label={v.id} /> },
    { key: "tasks", title: t("tasks"), numeric: true, cell: (v) => number(v.tasks) },
    {
      key: "heard",
      title: t("heard"),
      numeric: true,
      wide: true,
      cell: (v) => t("silent_for", { duration: duration(seconds(v.silent_for)) }),
    },
  ];
  return (
    <Page title={t("vantages")} about={t("vantages_about")}>
      <ListTools
        values={{ q, state }}
        set={(p) => set(p)}
        filters={[
          {
            key: "state",
            label: t("state"),
            options: ["alive", "isolated", "lost"].map((v) => ({ value: v, label: t(`vantage_state_${v}`) })),
          },
        ]}
      />
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!(error && !data) && (
        <DataTable
          label={t("vantages")}
          columns={columns}
          rows={data?.items}
          keyOf={(v) => v.id}
          loading={!data}
          skeletonRows={3}
          paging={paging(data)}
          empty={
            <Empty icon={IconRadar2} title={t("no_vantages")}>
              {t("no_vantages_about")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}
