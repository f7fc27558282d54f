// What was and what became of each: 90 days.
import { Anchor, Badge, Button, Card, Drawer, Group, Stack, Table, Text, Title, Tooltip } from "@mantine/core";
import { IconCheck, IconClock, IconDownload, IconMessageOff, IconSend, IconTimeline, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { type Column, DataTable } from "@/components/DataTable";
import { Empty } from "@/components/Empty";
import { ListTools } from "@/components/ListTools";
import { Problem } from "@/components/Problem";
import { Moment } from "@/components/Time";
import { TimeRange } from "@/components/TimeRange";
import { pageSize, useCursor } from "@/lib/cursor";
import { timesOf } from "@/lib/range";
import type { AlertsSearch } from "./search";
import { actions, type Entry, kinds, SeverityBadge, severities, Thing, useEvents } from "./words";

const fallback = "7d";

export function Log({ search, set }: { search: AlertsSearch; set: (p: Partial<AlertsSearch>) => void }) {
  const { t, i18n } = useTranslation("alerts");
  const events = useEvents();
  const [open, setOpen] = useState<number>();
  const filters = {
    ...timesOf(search, fallback),
    ...(search.q ? { q: search.q } : {}),
    ...(search.event ? { event: search.event } : {}),
    ...(search.kind ? { kind: search.kind } : {}),
    ...(search.object ? { object: search.object } : {}),
    ...(search.severity ? { severity: search.severity } : {}),
    ...(search.action ? { action: search.action } : {}),
    ...(search.incident ? { incident: Number(search.incident) } : {}),
    language: i18n.language,
  };
  const { cursor, paging } = useCursor(JSON.stringify(filters));
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/alerts/log", {
    params: { query: { ...filters, limit: pageSize, ...(cursor ? { cursor } : {}) } },
  });
  const entry = data?.items.find((e) => e.id === open);
  const file = `/api/v1/alerts/export?${new URLSearchParams(Object.entries(filters).map(([k, v]) => [k, String(v)]))}`;
  const columns: Column<Entry>[] = [
    { key: "at", title: t("col.time"), width: 170, cell: (e) => <Moment at={e.at} /> },
    {
      key: "action",
      title: t("col.action"),
      width: 130,
      wide: true,
      cell: (e) => <Action action={e.action} />,
    },
    {
      key: "what",
      title: t("col.what"),
      cell: (e) => (
        <Stack gap={2}>
          <Anchor
            component="button"
            type="button"
            fz="inherit"
            ta="start"
            onClick={() => setOpen(e.id)}
            style={{ overflowWrap: "anywhere" }}
            mih={24}
          >
            {e.title}
          </Anchor>
          <Group gap={6} hiddenFrom="md">
            <Action action={e.action} />
          </Group>
          {e.who && (
            <Text fz="xs" c="dimmed">
              {e.who}
            </Text>
          )}
        </Stack>
      ),
    },
    { key: "severity", title: t("col.severity"), width: 120, wide: true, cell: (e) => <SeverityBadge severity={e.severity} /> },
    {
      key: "told",
      title: t("col.told"),
      width: 220,
      wide: true,
      cell: (e) => (
        <Group gap={4}>
          {e.deliveries.map((d) => (
            <OutcomeBadge key={d.channel} d={d} />
          ))}
        </Group>
      ),
    },
  ];
  return (
    <Stack gap="md">
      <Group justify="space-between" gap="sm">
        <TimeRange value={search} fallback={fallback} onChange={(r) => set({ last: r.last, from: r.from, until: r.until })} />
        <Button
          variant="default"
          component="a"
          href={file}
          download="meridian-alerts.csv"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t("export")}
        </Button>
      </Group>
      <ListTools
        values={search as Record<string, string | undefined>}
        set={(p) => set(p as Partial<AlertsSearch>)}
        filters={[
          {
            key: "event",
            label: t("filter.event"),
            options: events.flatMap((e) => [
              { value: e.code, label: t(`event.${e.code}`, e.code) },
              { value: e.end, label: t(`event_end.${e.code}`, e.end) },
            ]),
          },
          { key: "action", label: t("filter.action"), options: actions.map((v) => ({ value: v, label: t(`action.${v}`) })) },
          { key: "severity", label: t("filter.severity"), options: severities.map((v) => ({ value: v, label: t(`severity.${v}`) })) },
          { key: "kind", label: t("filter.kind"), options: kinds.map((v) => ({ value: v, label: t(`kind.${v}`) })) },
          { key: "object", label: t("filter.object"), placeholder: t("filter.object_hint") },
        ]}
      />
      {error && <Problem error={error} retry={() => void refetch()} />}
      <Card withBorder p={0}>
        <DataTable
          label={t("tab.log")}
          columns={columns}
          rows={data?.items}
          loading={!data && !error}
          keyOf={(e) => String(e.id)}
          empty={
            <Empty icon={IconClock} title={t("log_none")}>
              {t("log_none_about")}
            </Empty>
          }
        />
      </Card>
      <Pages paging={paging(data)} />
      <Drawer
        opened={entry !== undefined}
        onClose={() => setOpen(undefined)}
        title={t("entry")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:action.close") }}
      >
        {entry && <Details e={entry} set={set} />}
      </Drawer>
    </Stack>
  );
}

function Pages({ paging }: { paging: { next?: (() => void) | undefined; previous?: (() => void) | undefined } }) {
  const { t } = useTranslation();
  if (!paging.next && !paging.previous) return null;
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" disabled={!paging.previous} onClick={paging.previous}>
        {t("alerts:newer")}
      </Button>
      <Button variant="default" disabled={!paging.next} onClick={paging.next}>
        {t("alerts:older")}
      </Button>
    </Group>
  );
}

function Details({ e, set }: { e: Entry; set: (p: Partial<AlertsSearch>) => void }) {
  const { t } = useTranslation("alerts");
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <Action action={e.action} />
        <SeverityBadge severity={e.severity} />
        <Moment at={e.at} />
      </Group>
      <Title order={2} style={{ overflowWrap: "anywhere" }}>
        {e.title}
      </Title>
      {e.object && (
        <Text fz="sm">
          <Thing kind={e.kind} object={e.object} />
        </Text>
      )}
      <Text fz="sm" style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>
        {e.text}
      </Text>
      <Group gap="xs">
        {e.incident ? (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={`/incidents/${e.incident}` as string}
            leftSection={<IconTimeline size={15} aria-hidden />}
          >
            {t("incident")}
          </Button>
        ) : null}
        {e.object && (
          <Button size="xs" variant="default" onClick={() => set({ object: e.object, event: undefined, q: undefined })}>
            {t("only_object")}
          </Button>
        )}
      </Group>
      <Title order={3} mt="sm">
        {t("told")}
      </Title>
      {e.deliveries.length === 0 ? (
        <Text fz="sm" c="dimmed">
          {t("told_nobody")}
        </Text>
      ) : (
        <Table aria-label={t("told")} fz="sm">
          <Table.Tbody>
            {e.deliveries.map((d) => (
              <Table.Tr key={d.channel}>
                <Table.Th scope="row" fw={600}>
                  {d.channel}
                </Table.Th>
                <Table.Td>
                  <Stack gap={2}>
                    <Text fz="sm">
                      {t(`outcome.${d.state}`)} <Moment at={d.at ?? d.due_at} />
                    </Text>
                    {d.attempts ? <Text fz="xs">{t("attempts", { count: d.attempts })}</Text> : null}
                    {d.answer && (
                      <Text fz="xs" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
                        {d.answer}
                      </Text>
                    )}
                  </Stack>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}

const actionColors: Record<string, string> = { alert: "red", resume: "green", repeat: "orange" };

function Action({ action }: { action: string }) {
  const { t } = useTranslation("alerts");
  const color = actionColors[action] ?? "gray";
  return (
    <Badge variant="light" color={color} styles={{ root: { textTransform: "none", color: `var(--m-state-${color})` } }}>
      {t(`action.${action}`, action)}
    </Badge>
  );
}

const outcomes: Record<Schemas["AlertOutcome"]["state"], { color: string; icon: typeof IconX }> = {
  waiting: { color: "gray", icon: IconClock },
  muted: { color: "gray", icon: IconMessageOff },
  pending: { color: "blue", icon: IconSend },
  sent: { color: "green", icon: IconCheck },
  failed: { color: "red", icon: IconX },
};

export function OutcomeBadge({ d }: { d: Schemas["AlertOutcome"] }) {
  const { t } = useTranslation("alerts");
  const { color, icon: Icon } = outcomes[d.state];
  return (
    <Tooltip label={`${t(`outcome.${d.state}`)}${d.answer ? `: ${d.answer}` : ""}`} multiline maw={360}>
      <Badge
        variant="light"
        color={color}
        data-outcome={d.state}
        leftSection={<Icon size={12} role="img" aria-label={t(`outcome.${d.state}`)} />}
        styles={{ root: { textTransform: "none", color: `var(--m-state-${color})` } }}
      >
        {d.channel}
      </Badge>
    </Tooltip>
  );
}
