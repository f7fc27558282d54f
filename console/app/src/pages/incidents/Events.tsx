import { Badge, Group, Text } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Moment } from "@/components/Time";
import { TimeRange } from "@/components/TimeRange";
import { type Said, say } from "@/i18n/say";
import { pageSize, useCursor } from "@/lib/cursor";
import { bounds } from "@/lib/range";
import { useSearchState } from "@/lib/search";
import type { EventSearch } from "./area";

type Event = Schemas["Event"];

// Kinds of events that servers record; the filter takes any other as well, from a link.
const eventKinds = ["health", "vantage", "node", "override", "failback", "access_domain", "token", "restore", "alert"];
const colors: Record<string, string> = { info: "gray", warning: "orange", error: "red" };

/** What the subject of an event is, so that it can be opened. */
function kindOf(e: Event): string {
  if (e.kind === "health") return "task";
  return e.kind;
}

export function Events() {
  const { t } = useTranslation("incidents");
  const [search, set] = useSearchState<EventSearch>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const { q, kind, severity, subject } = search;
  const b = bounds(search, "7d");
  const from = search.from ?? new Date(Math.floor(b.from / 60_000) * 60_000).toISOString();
  const { data, error, refetch, isFetching } = $api.useQuery(
    "get",
    "/api/v1/events",
    { params: { query: { limit: pageSize, q, kind, severity, subject, from, ...(search.until ? { until: search.until } : {}), cursor } } },
    { placeholderData: (old) => old },
  );
  const filtered = Boolean(q || kind || severity || subject);
  const columns: Column<Event>[] = [
    { key: "at", title: t("at"), width: 170, cell: (e) => <Moment at={e.at} /> },
    {
      key: "severity",
      title: t("severity"),
      width: 110,
      cell: (e) => (
        <Badge
          variant="light"
          color={colors[e.severity] ?? "gray"}
          styles={{ root: { textTransform: "none", color: `var(--m-state-${colors[e.severity] ?? "gray"})` } }}
        >
          {t(`severity_${e.severity}`)}
        </Badge>
      ),
    },
    {
      key: "subject",
      title: t("subject"),
      cell: (e) => (
        <>
          <Text fz="xs" c="dimmed">
            {t(`event_${e.kind}`, e.kind)}
          </Text>
          <ObjectLink kind={kindOf(e)} name={e.subject} fz="sm" />
        </>
      ),
    },
    {
      key: "text",
      title: t("what_happened"),
      cell: (e) => (
        <Text fz="sm" style={{ overflowWrap: "anywhere" }}>
          {say((e as { said?: Said }).said ?? { text: e.text })}
        </Text>
      ),
    },
  ];
  const known = eventKinds.includes(kind ?? "health") ? eventKinds : [...eventKinds, kind ?? ""];
  return (
    <Page title={t("events")} about={t("events_about")}>
      <Group justify="space-between" gap="xs">
        <ListTools
          values={{ q, kind, severity, subject }}
          set={(p) => set(p)}
          filters={[
            { key: "kind", label: t("event_kind"), options: known.map((v) => ({ value: v, label: t(`event_${v}`, v) })) },
            {
              key: "severity",
              label: t("severity"),
              options: ["info", "warning", "error"].map((v) => ({ value: v, label: t(`severity_${v}`) })),
            },
            { key: "subject", label: t("subject"), placeholder: t("subject_hint") },
          ]}
        />
        <TimeRange value={search} fallback="7d" onChange={(r) => set({ last: undefined, from: undefined, until: undefined, ...r })} />
      </Group>
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!(error && !data) && (
        <DataTable
          label={t("events")}
          columns={columns}
          rows={data?.items}
          keyOf={(e) => String(e.id)}
          loading={isFetching}
          paging={paging(data)}
          empty={
            <Empty icon={IconListDetails} title={t(filtered ? "no_events_match" : "no_events")}>
              {t(filtered ? "none_match_about" : "no_events_about")}
            </Empty>
          }
        />
      )}
    </Page>
  );
}
