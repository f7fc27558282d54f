import { ActionIcon, Alert, Badge, Box, Button, Card, Group, Select, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconBroadcast, IconEraser, IconLock, IconPlayerPause, IconPlayerPlay, IconRefresh, IconZoomQuestion } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { memo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { useCan, useWho } from "@/api/session";
import { Empty } from "@/components/Empty";
import { ListTools } from "@/components/ListTools";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { locale } from "@/i18n";
import { duration, moment, number } from "@/lib/format";
import { useLineName } from "@/lib/lines";
import css from "./queries.module.css";
import { defaultRate, type QueriesSearch, rates } from "./search";
import { kept, type Query, useTail } from "./tail";

const types = ["A", "AAAA", "CNAME", "MX", "NS", "SOA", "TXT", "SRV", "CAA", "PTR", "HTTPS", "SVCB"];
const codes = ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "BADVERS", "BADCOOKIE"];

export function Queries() {
  const { t } = useTranslation("queries");
  const search = useSearch({ strict: false }) as QueriesSearch;
  const navigate = useNavigate();
  const { grants } = useWho();
  const may = useCan("operator") && wholly(grants);
  const [whole, setWhole] = useState(false);
  const tail = useTail(search, whole, may);
  const nodes = $api.useQuery("get", "/api/v1/nodes", { params: { query: { limit: 200 } } }, { enabled: may });
  const resolvers = (nodes.data?.items ?? []).filter((n) => n.roles?.includes("resolver"));
  const set = (patch: Record<string, string | number | undefined>) =>
    void navigate({
      to: "/queries",
      replace: true,
      search: ((s: QueriesSearch) => Object.fromEntries(Object.entries({ ...s, ...patch }).filter(([, v]) => v))) as never,
    });

  if (!may)
    return (
      <Page title={t("title")} about={t("about")}>
        <Card withBorder>
          <Empty icon={IconLock} title={t("denied")}>
            {t("denied_about")}
          </Empty>
        </Card>
      </Page>
    );

  const over = tail.state === "ended" || tail.state === "failed";
  return (
    <Page
      title={t("title")}
      about={t("about")}
      state={<StateSign state={tail.state} />}
      actions={
        over ? (
          <Button leftSection={<IconRefresh size={16} aria-hidden />} onClick={tail.restart}>
            {t("go_on")}
          </Button>
        ) : tail.state === "paused" ? (
          <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} onClick={tail.resume}>
            {tail.fresh > 0 ? t("resume_new", { count: tail.fresh, n: number(tail.fresh) }) : t("resume")}
          </Button>
        ) : (
          <Button variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} onClick={tail.pause}>
            {t("pause")}
          </Button>
        )
      }
    >
      <Group gap="xs" align="center">
        <ListTools
          search={false}
          values={search as Record<string, string | undefined>}
          set={set}
          filters={[
            { key: "name", label: t("filter.name"), placeholder: t("filter.name_hint") },
            { key: "client", label: t("filter.client"), placeholder: t("filter.client_hint") },
            { key: "line", label: t("filter.line"), placeholder: t("filter.line_hint") },
            { key: "type", label: t("filter.type"), options: types.map((v) => ({ value: v, label: v })) },
            { key: "rcode", label: t("filter.rcode"), options: codes.map((v) => ({ value: v, label: v })) },
            ...(resolvers.length > 1 || search.node
              ? [
                  {
                    key: "node",
                    label: t("filter.node"),
                    options: options(
                      resolvers.map((n) => n.id),
                      search.node,
                    ),
                  },
                ]
              : []),
          ]}
        />
        <Select
          aria-label={t("rate_limit")}
          value={String(search.rate ?? defaultRate)}
          onChange={(v) => set({ rate: v === String(defaultRate) ? undefined : Number(v) })}
          data={options([...rates].map(String), search.rate ? String(search.rate) : undefined).map((o) => ({
            value: o.value,
            label: t("rate_most", { n: o.value }),
          }))}
          w={{ base: "100%", xs: 200 }}
        />
      </Group>
      {tail.error !== undefined && <Problem error={tail.error} retry={tail.restart} />}
      {tail.state === "ended" && (
        <Alert color="blue" variant="light" title={t(`end.${tail.endedBy ?? "time"}`)}>
          {t("end.about")}
        </Alert>
      )}
      {tail.troubles.length > 0 && (
        <Alert color="yellow" variant="light" title={t("trouble")}>
          {tail.troubles.map(([node, why]) => (
            <Text key={node} fz="sm">
              <b>{node}</b>: {t(/release that does not show/.test(why) ? "trouble_old" : "trouble_said", { why })}
            </Text>
          ))}
        </Alert>
      )}
      <Card withBorder p={0}>
        <Group justify="space-between" px="sm" py={6} gap="xs">
          <Text fz="sm" c="dimmed">
            {t("meter", { n: number(tail.rate.shown, 1) })}
            {tail.beyond > 0 && ` · ${t("beyond", { n: number(tail.rate.all, 0), count: tail.beyond, beyond: number(tail.beyond) })}`}
          </Text>
          <Group gap="sm">
            <Tooltip label={t("whole_about")} multiline maw={320}>
              <div>
                <Switch label={t("whole")} checked={whole} onChange={(e) => setWhole(e.currentTarget.checked)} />
              </div>
            </Tooltip>
            <Tooltip label={t("clear")}>
              <ActionIcon variant="subtle" color="gray" aria-label={t("clear")} onClick={tail.clear} disabled={tail.rows.length === 0}>
                <IconEraser size={16} aria-hidden />
              </ActionIcon>
            </Tooltip>
          </Group>
        </Group>
        <Rows rows={tail.rows} paused={tail.state !== "listening"} onPause={tail.pause} waiting={tail.state === "listening"} />
      </Card>
      <Text fz="xs" c="dimmed">
        {t("note", { kept: number(kept), until: tail.hello ? moment(tail.hello.until) : "–" })}
      </Text>
      <div role="status" aria-live="polite" style={{ position: "absolute", left: -9999 }}>
        {t(`state.${tail.state}`)}
      </div>
    </Page>
  );
}

/** A look at queries takes the role on everything, not for some labels. */
function wholly(grants: { role: string; labels?: unknown }[] | undefined | null): boolean {
  return (grants ?? []).some((g) => (g.role === "operator" || g.role === "admin") && !(g.labels && Object.keys(g.labels).length > 0));
}

function options(values: string[], held: string | undefined): { value: string; label: string }[] {
  const all = held && !values.includes(held) ? [...values, held] : values;
  return all.map((v) => ({ value: v, label: v }));
}

function StateSign({ state }: { state: string }) {
  const { t } = useTranslation("queries");
  const color = state === "listening" ? "green" : state === "failed" ? "red" : "gray";
  return (
    <Badge
      variant="light"
      color={color}
      data-tail={state}
      leftSection={<IconBroadcast size={13} aria-hidden />}
      styles={{ root: { textTransform: "none", color: `var(--m-state-${color})` } }}
    >
      {t(`state.${state}`)}
    </Badge>
  );
}

// Rows come and go at hundreds a second and are placed by hand, which the elements of a table do not allow.
const roles = { table: "table", row: "row", head: "columnheader", group: "rowgroup", cell: "cell" };

// Rows drawn above and below what is seen, so that scrolling does not show holes.
const spare = 6;

/** The newest on top. Only what is seen is in the page; who scrolls down looks at a list that stands. */
function Rows({ rows, paused, onPause, waiting }: { rows: Query[]; paused: boolean; onPause: () => void; waiting: boolean }) {
  const { t } = useTranslation("queries");
  const phone = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  const height = phone ? 60 : 36;
  const [top, setTop] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const seen = 600;
  const first = Math.max(0, Math.floor(top / height) - spare);
  const last = Math.min(rows.length, Math.ceil((top + seen) / height) + spare);
  const lineName = useLineName();
  const columns = ["time", "client", "name", "type", "line", "pool", "answer", "rcode", "ecs"] as const;
  if (rows.length === 0)
    return (
      <Stack align="center" justify="center" px="md" gap={4} h={seen} mah="65vh">
        <Text fw={600}>{t(waiting ? "waiting" : "nothing")}</Text>
        <Text fz="sm" c="dimmed" ta="center" maw={560}>
          {waiting ? t("waiting_about") : ""}
        </Text>
      </Stack>
    );
  const shown = [];
  for (let i = first; i < last; i++) {
    const q = rows[rows.length - 1 - i];
    if (q) shown.push(<Row key={q.id} q={q} at={i} height={height} line={q.line ? lineName(q.line) : ""} />);
  }
  return (
    <Box role={roles.table} aria-label={t("title")} aria-rowcount={rows.length + 1}>
      <Box role={roles.row} className={css.head}>
        {columns.map((c) => (
          <Box key={c} role={roles.head} className={css.cell}>
            {t(`col.${c}`)}
          </Box>
        ))}
        <Box role={roles.head} aria-label={t("why")} />
      </Box>
      <Box
        role={roles.group}
        ref={box}
        className={css.box}
        tabIndex={0}
        style={{ height: seen, maxHeight: "65vh" }}
        onScroll={(e) => {
          setTop(e.currentTarget.scrollTop);
          if (!paused && e.currentTarget.scrollTop > height) onPause();
        }}
      >
        <div style={{ height: rows.length * height, position: "relative" }}>{shown}</div>
      </Box>
    </Box>
  );
}

const clocks = new Map<string, Intl.DateTimeFormat>();
function clock(at: string): string {
  const l = locale();
  let f = clocks.get(l);
  if (!f) {
    f = new Intl.DateTimeFormat(l, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false });
    clocks.set(l, f);
  }
  return f.format(new Date(at));
}

const Row = memo(function Row({ q, at, height, line }: { q: Query; at: number; height: number; line: string }) {
  const { t } = useTranslation("queries");
  const navigate = useNavigate();
  const asked = q.domain?.slice(0, q.domain.lastIndexOf("/"));
  // A wildcard's domain is *.example.com: the name asked for is what is explained.
  const why = { to: "/explain" as string, search: { name: q.name, type: q.type || "A", client: q.ecs || q.client } as never };
  const empty = q.domain !== undefined && !q.pool && !q.address;
  const color = q.rcode === "NOERROR" ? (empty ? "yellow" : "green") : q.rcode === "NXDOMAIN" ? "yellow" : "red";
  const cell = (name: string, text: string, more?: { mono?: boolean; hint?: string; c?: string }) => (
    <Box
      role={roles.cell}
      className={`${css.cell} ${css[name] ?? ""} ${more?.mono ? "mono" : ""}`}
      title={more?.hint ?? text}
      style={more?.c ? { color: `var(--m-state-${more.c})` } : undefined}
    >
      {text}
    </Box>
  );
  return (
    <Box role={roles.row} className={css.row} aria-rowindex={at + 2} style={{ top: at * height }} onClick={() => void navigate(why)}>
      {cell("time", clock(q.time), {
        mono: true,
        hint: `${moment(q.time)} · ${q.node ?? ""} · ${q.transport.toUpperCase()} · ${duration(q.took_us / 1e6)}`,
      })}
      {cell("client", q.client, { mono: true })}
      {cell("name", q.name || t("unreadable"), asked && asked !== q.name ? { hint: `${q.name} (${asked})` } : {})}
      {cell("type", q.type ?? "")}
      {cell("line", line, { hint: q.line ?? "" })}
      {cell("pool", q.pool ?? "")}
      {cell("answer", q.address ?? (empty ? t("no_answer") : q.rcode === "NOERROR" ? t("records") : ""))}
      {cell("rcode", empty && q.rcode === "NOERROR" ? "NODATA" : q.rcode, { c: color })}
      {cell("ecs", q.ecs ? (q.scope === undefined ? q.ecs : `${q.ecs} /${q.scope}`) : "", {
        mono: true,
        hint: q.ecs ? t("scope", { ecs: q.ecs, scope: q.scope ?? 0 }) : "",
      })}
      <Box role={roles.cell} className={css.why} onClick={(e) => e.stopPropagation()}>
        {q.name && (
          <ActionIcon
            component={Link}
            {...why}
            variant="subtle"
            size={28}
            aria-label={t("why_of", { name: q.name, client: q.ecs || q.client })}
          >
            <IconZoomQuestion size={16} aria-hidden />
          </ActionIcon>
        )}
      </Box>
    </Box>
  );
});
