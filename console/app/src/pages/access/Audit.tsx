import { ActionIcon, Badge, Box, Button, Collapse, Group, Select, Stack, Table, Text, TextInput, UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconChevronDown, IconChevronLeft, IconChevronRight, IconDownload, IconReportSearch } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, type Schemas } from "@/api/client";
import { Changes } from "@/changes/Changes";
import { Need } from "@/components/Denied";
import { Empty } from "@/components/Empty";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { Ago, Moment } from "@/components/Time";
import { saveCsv } from "@/lib/csv";
import { pageSize, useCursor } from "@/lib/cursor";
import { number } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { refusal } from "./act";

type Row = Schemas["Audit"];
type Search = { who?: string; object?: string; outcome?: string; remote?: string; from?: string; until?: string };

// What a spreadsheet still opens with ease; the command line gives the rest.
const mostRows = 50_000;
const colors = { done: "green", refused: "orange", failed: "red" } as const;

function queryOf(s: Search) {
  const at = (v: string | undefined) => {
    const d = v ? new Date(v) : undefined;
    return d && !Number.isNaN(d.getTime()) ? d.toISOString() : undefined;
  };
  const from = at(s.from);
  const until = at(s.until);
  return {
    ...(s.who ? { who: s.who } : {}),
    ...(s.object ? { object: s.object } : {}),
    ...(s.outcome ? { outcome: s.outcome } : {}),
    ...(s.remote ? { remote: s.remote } : {}),
    ...(from ? { from } : {}),
    ...(until ? { until } : {}),
  };
}

export function Audit() {
  const { t } = useTranslation("access");
  return (
    <Need of="admin" title={t("audit.title")}>
      <List />
    </Need>
  );
}

function List() {
  const { t } = useTranslation("access");
  const [search, set] = useSearchState<Search>();
  const { cursor, paging } = useCursor(JSON.stringify(search));
  const [open, setOpen] = useState<string>();
  const [saving, setSaving] = useState(false);
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/audit", {
    params: { query: { limit: pageSize, ...(cursor ? { cursor } : {}), ...queryOf(search) } },
  });
  const page = paging(data);
  const filtered = Object.values(search).some(Boolean);
  const save = async () => {
    setSaving(true);
    try {
      const rows: Row[] = [];
      let next: string | undefined;
      do {
        const got = await api.GET("/api/v1/audit", {
          params: { query: { limit: 1000, ...(next ? { cursor: next } : {}), ...queryOf(search) } },
        });
        rows.push(...(got.data?.items ?? []));
        next = got.data?.next_cursor;
      } while (next && rows.length < mostRows);
      saveCsv(`audit-${new Date().toISOString().slice(0, 10)}.csv`, [
        [
          "time",
          "who",
          "principal",
          "kind",
          "remote",
          "source",
          "method",
          "route",
          "object",
          "outcome",
          "code",
          "revision",
          "count",
          "request_id",
        ],
        ...rows.map((r) => [
          r.at,
          r.who,
          r.principal,
          r.kind,
          r.remote,
          r.source,
          r.method,
          r.route,
          r.object,
          r.outcome,
          r.code,
          r.revision,
          r.count,
          r.request_id,
        ]),
      ]);
      if (next) notifications.show({ color: "yellow", message: t("audit.cut", { n: number(rows.length) }) });
    } catch (err) {
      notifications.show({ color: "red", message: refusal(err) });
    } finally {
      setSaving(false);
    }
  };
  return (
    <Page
      title={t("audit.title")}
      about={t("audit.about")}
      actions={
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} loading={saving} onClick={() => void save()}>
          {t("audit.csv")}
        </Button>
      }
    >
      <Group gap="xs">
        <SearchInput label={t("audit.who")} value={search.who} onChange={(who) => set({ who })} w={{ base: "100%", xs: 170 }} />
        <SearchInput label={t("audit.object")} value={search.object} onChange={(object) => set({ object })} w={{ base: "100%", xs: 200 }} />
        <SearchInput label={t("audit.remote")} value={search.remote} onChange={(remote) => set({ remote })} w={{ base: "100%", xs: 160 }} />
        <Select
          aria-label={t("audit.outcome")}
          placeholder={t("audit.outcome")}
          clearable
          data={(["done", "refused", "failed"] as const).map((o) => ({ value: o, label: t(`outcome.${o}`) }))}
          value={search.outcome ?? null}
          onChange={(o) => set({ outcome: o ?? "" })}
          w={{ base: "100%", xs: 130 }}
        />
        <TextInput
          type="datetime-local"
          w={{ base: "100%", xs: "auto" }}
          aria-label={t("audit.from")}
          title={t("audit.from")}
          value={search.from ?? ""}
          onChange={(e) => set({ from: e.currentTarget.value })}
        />
        <TextInput
          type="datetime-local"
          w={{ base: "100%", xs: "auto" }}
          aria-label={t("audit.until")}
          title={t("audit.until")}
          value={search.until ?? ""}
          onChange={(e) => set({ until: e.currentTarget.value })}
        />
      </Group>
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : data && data.items.length === 0 ? (
        <Empty icon={IconReportSearch} title={t(filtered ? "audit.none_found" : "audit.none")}>
          {t(filtered ? "none_found_why" : "audit.none_why")}
        </Empty>
      ) : (
        <Table aria-label={t("audit.title")} aria-busy={isFetching}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={36}>
                <span className="away">{t("audit.details")}</span>
              </Table.Th>
              <Table.Th w={170} visibleFrom="sm">
                {t("audit.when")}
              </Table.Th>
              <Table.Th w={140} visibleFrom="sm">
                {t("audit.who_short")}
              </Table.Th>
              <Table.Th>{t("audit.what")}</Table.Th>
              <Table.Th w={150} visibleFrom="md">
                {t("audit.remote")}
              </Table.Th>
              <Table.Th w={100}>{t("audit.outcome")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data?.items.map((r) => {
              const key = `${r.request_id}${r.at}`;
              const on = open === key;
              const Chevron = on ? IconChevronDown : IconChevronRight;
              return (
                <Fragment key={key}>
                  <Table.Tr>
                    <Table.Td p={0}>
                      <UnstyledButton
                        p={8}
                        mih={24}
                        aria-expanded={on}
                        aria-label={t("audit.details_of", { what: r.object ?? r.route })}
                        onClick={() => setOpen(on ? undefined : key)}
                      >
                        <Chevron size={16} aria-hidden />
                      </UnstyledButton>
                    </Table.Td>
                    <Table.Td visibleFrom="sm">
                      <Text fz="sm" component="span" style={{ whiteSpace: "normal" }}>
                        <Moment at={r.at} />
                      </Text>
                    </Table.Td>
                    <Table.Td visibleFrom="sm" style={{ overflowWrap: "anywhere" }}>
                      {r.who || <span className="muted">{t("audit.nobody")}</span>}
                    </Table.Td>
                    <Table.Td style={{ overflowWrap: "anywhere" }}>
                      <Text fz="sm">{what(r, t)}</Text>
                      <Text fz="xs" c="dimmed" hiddenFrom="sm">
                        {r.who || t("audit.nobody")} · <Ago at={r.at} />
                      </Text>
                      {r.count > 1 && (
                        <Text fz="xs" c="dimmed">
                          {t("audit.times", { n: number(r.count) })}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td visibleFrom="md">
                      <Text fz="sm">{r.remote}</Text>
                      <Text fz="xs" c="dimmed">
                        {t(`source.${r.source}`, r.source)}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <Badge
                        color={colors[r.outcome]}
                        variant="light"
                        styles={{ root: { textTransform: "none", color: `var(--m-state-${colors[r.outcome]})` } }}
                      >
                        {t(`outcome.${r.outcome}`)}
                      </Badge>
                    </Table.Td>
                  </Table.Tr>
                  {on && (
                    <Table.Tr>
                      <Table.Td colSpan={6} bg="var(--mantine-color-default-hover)">
                        <Details row={r} />
                      </Table.Td>
                    </Table.Tr>
                  )}
                </Fragment>
              );
            })}
          </Table.Tbody>
        </Table>
      )}
      {(page.next || page.previous) && (
        <Group justify="flex-end" gap={4}>
          <ActionIcon variant="default" aria-label={t("common:table.previous")} disabled={!page.previous} onClick={page.previous}>
            <IconChevronLeft size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="default" aria-label={t("common:table.next")} disabled={!page.next} onClick={page.next}>
            <IconChevronRight size={16} aria-hidden />
          </ActionIcon>
        </Group>
      )}
    </Page>
  );
}

/** What a call did, in words: the verb from its method and path, then the object. */
function what(r: Row, t: (k: string, o?: Record<string, unknown>) => string): string {
  const verb = verbOf(r);
  return t(`verb.${verb}`, { object: objectOf(r) })
    .replace(/[:：]\s*$/, "")
    .trim();
}

/** What it was about, without what only the path says. */
export function objectOf(r: { object?: string; route: string; who?: string }): string {
  const o = r.object ?? "";
  if (o === "session") return r.who ?? "";
  if (o === "changes") return "";
  return o.replace(/^zones\/(.*)\/file$/, "zone $1").replace(/^revisions\/(\d+)\/\w+$/, "$1");
}

export function verbOf(r: { method: string; route: string }): string {
  const p = r.route.replace(/^\/api\/v1/, "");
  if (p === "/session") return r.method === "DELETE" ? "sign_out" : "sign_in";
  if (p.startsWith("/session/oidc")) return "sign_in";
  if (p === "/session/password") return "own_password";
  if (p.endsWith("/rollback")) return "rollback";
  if (p.endsWith("/revert")) return "revert";
  if (p.endsWith("/disable")) return "disable";
  if (p.endsWith("/enable")) return "enable";
  if (p.endsWith("/grants")) return "grants";
  if (p.endsWith("/password")) return "password";
  if (p.includes("/sessions")) return r.method === "DELETE" ? "end_sessions" : "read";
  if (p === "/backup") return "backup";
  if (p === "/restore") return "restore";
  if (p === "/keys/rotate") return "rotate";
  if (p === "/changes") return "apply";
  if (p === "/failback") return "failback";
  if (p.endsWith("/file")) return "import";
  if (r.method === "GET") return "read";
  return { POST: "create", PUT: "write", PATCH: "write", DELETE: "delete" }[r.method] ?? "other";
}

function Details({ row }: { row: Row }) {
  const { t } = useTranslation("access");
  // Bodies are never in the audit: what was before and after stands with the revision that the call made.
  const rev = $api.useQuery(
    "get",
    "/api/v1/revisions/{number}",
    { params: { path: { number: String(row.revision ?? 0) } } },
    { enabled: Boolean(row.revision) && !row.code, staleTime: Number.POSITIVE_INFINITY },
  );
  const facts: [string, string | undefined][] = [
    [t("audit.call"), `${row.method} ${row.route}`],
    [t("audit.code"), row.code ? `${t(`common:problem_code.${row.code}`, row.code)} (${row.code})` : undefined],
    [t("audit.remote"), `${row.remote} · ${t(`source.${row.source}`, row.source)}`],
    [t("audit.principal"), row.principal],
    [t("audit.request"), row.request_id],
  ];
  return (
    <Stack gap="xs" p="xs">
      <Table withRowBorders={false} verticalSpacing={2} w="auto">
        <Table.Tbody>
          {facts
            .filter(([, v]) => v)
            .map(([k, v]) => (
              <Table.Tr key={k}>
                <Table.Td>
                  <Text fz="sm" c="dimmed">
                    {k}
                  </Text>
                </Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{v}</Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
      {row.revision && !row.code ? (
        <Box>
          <Text fz="sm" mb={4}>
            <ObjectLink kind="revision" name={String(row.revision)}>
              {t("audit.revision", { n: row.revision })}
            </ObjectLink>
          </Text>
          {rev.error && <Problem error={rev.error} />}
          <Collapse expanded={Boolean(rev.data)}>{rev.data && <Changes list={rev.data.changes} />}</Collapse>
        </Box>
      ) : (
        <Text fz="sm" c="dimmed">
          {t("audit.no_change")}
        </Text>
      )}
    </Stack>
  );
}
