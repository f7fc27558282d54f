// The records of a zone: found and paged by the server, changed in their place, kept in the draft.
import { ActionIcon, Alert, Badge, Box, Button, Card, Group, Select, Skeleton, Table, Text, Title, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconChevronLeft, IconChevronRight, IconEyeOff, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { Fragment, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError, api, type Schemas } from "@/api/client";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { changeRequest, currentDraft, type DraftItem, stage, unstage, useDraft } from "@/edit/draft";
import { pageSize, useCursor } from "@/lib/cursor";
import { number } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { bodyOf, type RecordBody, RecordForm } from "./RecordForm";
import { commonTypes, recordKey, relative } from "./rdata";

const keyOf = (r: { zone: string; name: string; type: string }) => recordKey(r.zone, r.name.endsWith(".") ? r.name : `${r.name}.`, r.type);

/** What the server says of the draft as it would be with this record: findings about it alone. */
async function findingsOf(item: DraftItem): Promise<Schemas["Finding"][]> {
  const d = currentDraft();
  const items = [...d.items.filter((i) => i.kind !== item.kind || i.key !== item.key), item].map(({ base: _, ...i }) => i);
  try {
    await api.POST("/api/v1/preview", { body: changeRequest({ items }) });
    return [];
  } catch (err) {
    if (!(err instanceof ApiError) || !err.problem.errors) return []; // the review says what else is wrong
    const at = items.filter((i) => i.op === "put").findIndex((i) => i.key === item.key && i.kind === item.kind);
    return err.problem.errors.flatMap((f) => {
      const m = /^put\[(\d+)\](?:\.body)?\.?(.*)$/.exec(f.field ?? "");
      if (m) return Number(m[1]) === at ? [{ ...f, field: m[2] ?? "" }] : [];
      return f.kind === "record" && f.name === item.key ? [f] : [];
    });
  }
}

export function Records({ zone, may }: { zone: string; may: boolean }) {
  const { t } = useTranslation("zones");
  const [search, set] = useSearchState<{ q?: string; type?: string; enabled?: string }>();
  const { cursor, paging } = useCursor(`${zone}|${search.q}|${search.type}|${search.enabled}`);
  const draft = useDraft();
  const [open, setOpen] = useState<string>(); // key of the record in its form; "" for a new one
  const [copy, setCopy] = useState<RecordBody>();
  const [findings, setFindings] = useState<Schemas["Finding"][]>();
  const { data, error, isFetching, refetch } = $api.useQuery("get", "/api/v1/records", {
    params: {
      query: {
        zone,
        limit: pageSize,
        ...(cursor ? { cursor } : {}),
        ...(search.q ? { q: search.q } : {}),
        ...(search.type ? { type: search.type } : {}),
        ...(search.enabled ? { enabled: search.enabled } : {}),
      },
    },
  });
  const staged = new Map(draft.items.filter((i) => i.kind === "record" && i.key.startsWith(`${zone}/`)).map((i) => [i.key, i]));
  const shown = new Set((data?.items ?? []).map(keyOf));
  // What is new stands above; what was changed on another page of the list is counted.
  const fresh = [...staged.values()].filter((i) => !i.base && i.op === "put");
  const elsewhere = [...staged.values()].filter((i) => i.base && !shown.has(i.key)).length;
  const show = (key: string | undefined, first?: RecordBody) => {
    setOpen(key);
    setCopy(first);
    setFindings(undefined);
  };
  const save = async (b: RecordBody, base?: DraftItem["base"]) => {
    const item: DraftItem = { kind: "record", key: keyOf(b), op: "put", body: b, ...(base ? { base } : {}) };
    const found = await findingsOf(item);
    if (found.length > 0) {
      setFindings(found);
      return;
    }
    stage(item);
    show(undefined);
  };
  const form = (first: RecordBody, isNew: boolean, base?: DraftItem["base"]) => (
    <RecordForm
      zone={zone}
      first={first}
      isNew={isNew}
      taken={(owner, type) => {
        const k = recordKey(zone, owner, type);
        return shown.has(k) || fresh.some((i) => i.key === k && i.key !== open);
      }}
      findings={findings}
      onSave={(b) => save(b, base)}
      onCancel={() => show(undefined)}
    />
  );
  const blank: RecordBody = { zone, name: "@", type: search.type ?? "A", ttl: 300, data: [], enabled: true };
  const page = paging(data);
  const filtered = Boolean(search.q || search.type || search.enabled);
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2}>{t("records")}</Title>
        {may && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => show("", undefined)}>
            {t("new_record")}
          </Button>
        )}
      </Group>
      <Group gap="xs" mb="sm">
        <SearchInput label={t("search")} value={search.q} onChange={(q) => set({ q })} />
        <Select
          aria-label={t("type")}
          placeholder={t("any_type")}
          clearable
          searchable
          data={commonTypes}
          value={search.type ?? null}
          onChange={(v) => set({ type: v ?? "" })}
          w={140}
        />
        <Select
          aria-label={t("state")}
          placeholder={t("any_state")}
          clearable
          data={[
            { value: "true", label: t("enabled") },
            { value: "false", label: t("common:state.disabled") },
          ]}
          value={search.enabled ?? null}
          onChange={(v) => set({ enabled: v ?? "" })}
          w={140}
        />
      </Group>
      {elsewhere > 0 && (
        <Text fz="sm" c="dimmed" mb="xs">
          {t("elsewhere", { count: elsewhere })}
        </Text>
      )}
      {open === "" && <Box mb="sm">{form(copy ?? blank, true)}</Box>}
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <Table.ScrollContainer minWidth={0} type="native">
          <Table aria-label={t("records")} aria-busy={isFetching} layout="fixed">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={{ base: "40%", sm: "24%" }}>{t("name")}</Table.Th>
                <Table.Th w={80} visibleFrom="sm">
                  {t("type")}
                </Table.Th>
                <Table.Th w={90} className="num" visibleFrom="sm">
                  {t("ttl")}
                </Table.Th>
                <Table.Th>{t("data")}</Table.Th>
                {may && (
                  <Table.Th w={80}>
                    <span className="away">{t("actions")}</span>
                  </Table.Th>
                )}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {fresh.map((i) => {
                const b = i.body as RecordBody;
                return open === i.key ? (
                  <FormRow key={i.key}>{form(b, false)}</FormRow>
                ) : (
                  <Line
                    key={i.key}
                    zone={zone}
                    body={b}
                    may={may}
                    mark="new"
                    onEdit={() => show(i.key)}
                    onUndo={() => unstage("record", i.key)}
                  />
                );
              })}
              {!data &&
                Array.from({ length: 8 }, (_, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: rows of a skeleton are all alike
                  <Table.Tr key={i}>
                    <Table.Td colSpan={5}>
                      <Skeleton height={14} my={4} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              {data?.items.map((r) => {
                const key = keyOf(r);
                const item = staged.get(key);
                const b = (item?.op === "put" ? (item.body as RecordBody) : undefined) ?? bodyOf(r);
                const base = { version: r.version, body: bodyOf(r) as unknown as Record<string, unknown> };
                return (
                  <Fragment key={r.id}>
                    {open === key ? (
                      <FormRow>{form(b, false, base)}</FormRow>
                    ) : (
                      <Line
                        zone={zone}
                        body={b}
                        may={may}
                        hiddenBy={r.hidden_by}
                        mark={item ? (item.op === "delete" ? "gone" : "changed") : undefined}
                        onEdit={() => show(key)}
                        onUndo={() => unstage("record", key)}
                        onDelete={() => stage({ kind: "record", key, op: "delete", base })}
                      />
                    )}
                  </Fragment>
                );
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {data && data.items.length === 0 && fresh.length === 0 && (
        <Alert variant="light" color="gray" mt="xs">
          {t(filtered ? "no_records_found" : "no_records")}
        </Alert>
      )}
      {data && (
        <Group justify="space-between" mt="xs">
          <Text fz="sm" c="dimmed" aria-live="polite">
            {t("common:table.shown", {
              from: number(page.shown ? page.from : 0),
              to: number(page.from + page.shown - (page.shown ? 1 : 0)),
              total: number(page.total),
            })}
          </Text>
          {(page.next || page.previous) && (
            <Group gap={4}>
              <ActionIcon variant="default" aria-label={t("common:table.previous")} disabled={!page.previous} onClick={page.previous}>
                <IconChevronLeft size={16} aria-hidden />
              </ActionIcon>
              <ActionIcon variant="default" aria-label={t("common:table.next")} disabled={!page.next} onClick={page.next}>
                <IconChevronRight size={16} aria-hidden />
              </ActionIcon>
            </Group>
          )}
        </Group>
      )}
    </Card>
  );
}

function FormRow({ children }: { children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Td colSpan={5} bg="var(--mantine-color-default-hover)">
        {children}
      </Table.Td>
    </Table.Tr>
  );
}

function Line({
  zone,
  body,
  may,
  hiddenBy,
  mark,
  onEdit,
  onUndo,
  onDelete,
}: {
  zone: string;
  body: RecordBody;
  may: boolean;
  hiddenBy?: string | undefined;
  mark?: "new" | "changed" | "gone" | undefined;
  onEdit: () => void;
  onUndo: () => void;
  onDelete?: () => void;
}) {
  const { t } = useTranslation("zones");
  const owner = relative(body.name, zone);
  const gone = mark === "gone";
  const colors = { new: "green", changed: "blue", gone: "red" } as const;
  return (
    <Table.Tr data-record={`${owner} ${body.type}`}>
      <Table.Td valign="top" style={{ overflowWrap: "anywhere" }}>
        <Text fz="sm" fw={600} td={gone ? "line-through" : undefined}>
          {owner}{" "}
          <Text span fz="sm" c="dimmed" fw={400} hiddenFrom="sm">
            {body.type}
          </Text>
        </Text>
        <Group gap={4}>
          {mark && (
            <Badge
              color={colors[mark]}
              variant="light"
              size="sm"
              styles={{ root: { textTransform: "none", color: `var(--m-state-${colors[mark]})` } }}
            >
              {t(`mark.${mark}`)}
            </Badge>
          )}
          {!body.enabled && (
            <Badge color="gray" variant="light" size="sm" styles={{ root: { textTransform: "none", color: "var(--m-state-gray)" } }}>
              {t("common:state.disabled")}
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td valign="top" visibleFrom="sm">
        <Text fz="sm">{body.type}</Text>
      </Table.Td>
      <Table.Td valign="top" className="num" visibleFrom="sm">
        {number(body.ttl)}
      </Table.Td>
      <Table.Td valign="top" style={{ overflowWrap: "anywhere" }}>
        {body.data.slice(0, 5).map((d) => (
          <Text
            key={d}
            fz="sm"
            className="mono"
            c={body.enabled && !hiddenBy ? undefined : "dimmed"}
            td={gone ? "line-through" : undefined}
            lineClamp={3}
          >
            {d}
          </Text>
        ))}
        {body.data.length > 5 && (
          <Text fz="xs" c="dimmed">
            {t("more_data", { count: body.data.length - 5 })}
          </Text>
        )}
        {hiddenBy && (
          <Text fz="xs" c="var(--m-state-orange)">
            <IconEyeOff size={13} aria-hidden style={{ verticalAlign: "-2px" }} /> {t("hidden_by")}{" "}
            <ObjectLink kind="access_domain" name={hiddenBy} fz="xs">
              {hiddenBy.replace("/", " ")}
            </ObjectLink>
          </Text>
        )}
        {body.remark && (
          <Text fz="xs" c="dimmed" lineClamp={2}>
            {body.remark}
          </Text>
        )}
      </Table.Td>
      {may && (
        <Table.Td valign="top">
          <Group gap={2} wrap="nowrap" justify="flex-end">
            {mark && (
              <Tooltip label={t("undo")}>
                <ActionIcon variant="subtle" color="gray" aria-label={t("undo_of", { name: owner, type: body.type })} onClick={onUndo}>
                  <IconArrowBackUp size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
            {!gone && (
              <Tooltip label={t("common:action.edit")}>
                <ActionIcon variant="subtle" color="gray" aria-label={t("edit_record", { name: owner, type: body.type })} onClick={onEdit}>
                  <IconPencil size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
            {!mark && onDelete && (
              <Tooltip label={t("common:action.delete")}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t("delete_record", { name: owner, type: body.type })}
                  onClick={onDelete}
                >
                  <IconTrash size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
          </Group>
        </Table.Td>
      )}
    </Table.Tr>
  );
}
