// A structural diff in words: what is made, changed and deleted, and how.
import { Badge, Box, Button, Group, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconMinus, IconPencil, IconPlus } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { ObjectLink } from "@/components/ObjectLink";
import { useLineName } from "@/lib/lines";
import { type Row, rowsOf, tally, valueText } from "./shape";

type Change = Schemas["ObjectChange"];

const looks = {
  create: { color: "green", icon: IconPlus },
  update: { color: "blue", icon: IconPencil },
  delete: { color: "red", icon: IconMinus },
} as const;

export function ActionBadge({ action }: { action: Change["action"] }) {
  const { t } = useTranslation("changes");
  const { color, icon: I } = looks[action];
  return (
    <Badge
      color={color}
      variant="light"
      leftSection={<I size={12} aria-hidden />}
      styles={{ root: { textTransform: "none", color: `var(--m-state-${color})`, flexShrink: 0 } }}
    >
      {t(`action.${action}`)}
    </Badge>
  );
}

/** "3 made, 1 changed, 2 deleted" */
export function ChangesSummary({ list }: { list: Change[] }) {
  const { t } = useTranslation("changes");
  const n = tally(list);
  const parts = (["create", "update", "delete"] as const).filter((a) => n[a] > 0).map((a) => t(`count.${a}`, { count: n[a] }));
  return <>{parts.length > 0 ? parts.join(t("comma")) : t("none")}</>;
}

export function useFieldWord(): (path: string[]) => string {
  const { t, i18n } = useTranslation("changes");
  return (path) =>
    path.map((p) => (i18n.exists(`field.${p}`, { ns: "changes" }) ? t(`field.${p}`) : p)).join(i18n.language === "zh" ? " · " : " · ");
}

export function useValueWord(): (v: unknown, path: string[]) => string {
  const { t, i18n } = useTranslation("changes");
  const lineName = useLineName();
  return (v, path) => {
    const last = path.at(-1) ?? "";
    const one = (x: unknown) => {
      if (last === "lines" && typeof x === "string") return lineName(x);
      if (typeof x === "string" && i18n.exists(`value.${last}.${x}`, { ns: "changes" })) return t(`value.${last}.${x}`);
      return x;
    };
    return valueText(Array.isArray(v) ? v.map(one) : one(v), t("yes"), t("no"), t("nothing"));
  };
}

function RowLine({ row }: { row: Row }) {
  const { t } = useTranslation("changes");
  const word = useFieldWord();
  const value = useValueWord();
  const field = word(row.path);
  const entry = (v: unknown) => {
    if (typeof v !== "object" || v === null || Array.isArray(v)) return value(v, row.path);
    // Of an entry of a list, what is not said by its name.
    return Object.entries(v as Record<string, unknown>)
      .filter(([k, x]) => x !== row.of && !(k === "enabled" && x === true) && !(Array.isArray(x) && x.length === 0))
      .map(([k, x]) => `${word([k])} ${value(x, [k])}`)
      .join(t("comma"));
  };
  return (
    <Table.Tr>
      <Table.Td w={{ base: "40%", sm: 220 }} valign="top">
        <Text fz="sm" c="dimmed">
          {field}
          {row.of && (
            <Text span fz="sm" c="var(--mantine-color-text)">
              {" "}
              {row.of}
            </Text>
          )}
        </Text>
      </Table.Td>
      <Table.Td valign="top">
        <Text fz="sm" component="div" style={{ overflowWrap: "anywhere" }}>
          {row.op === "set" ? (
            <>
              <Text span fz="sm" c="var(--m-state-red)" td="line-through">
                <span className="away">{t("before")}</span>
                {value(row.before, row.path)}
              </Text>
              <Text span fz="sm" c="dimmed" aria-hidden>
                {" → "}
              </Text>
              <Text span fz="sm" c="var(--m-state-green)">
                <span className="away">{t("after")}</span>
                {value(row.after, row.path)}
              </Text>
            </>
          ) : (
            <Text span fz="sm" c={row.op === "add" ? "var(--m-state-green)" : "var(--m-state-red)"}>
              {row.op === "add" ? "+ " : "− "}
              {row.of
                ? entry(row.op === "add" ? row.after : row.before) || t(row.op === "add" ? "added" : "removed")
                : value(row.op === "add" ? row.after : row.before, row.path)}
            </Text>
          )}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

/** Name of an object in a change, as people write it. */
export function changeName(kind: string, name: string): string {
  if (kind === "access_domain") return name.replace("/", " ");
  if (kind === "record") {
    const [zone = "", owner = "", type = ""] = name.split("/");
    return `${owner || zone} ${type}`;
  }
  return kind === "settings" ? "" : name;
}

function One({ change, open: first, actions }: { change: Change; open: boolean; actions?: (c: Change) => ReactNode }) {
  const { t } = useTranslation("changes");
  const [open, setOpen] = useState(first);
  const rows = rowsOf(change);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  const name = changeName(change.kind, change.name);
  return (
    <Box py={6} style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
      <Group gap="xs" wrap="nowrap" align="center">
        {rows.length > 0 ? (
          <UnstyledButton
            onClick={() => setOpen(!open)}
            aria-expanded={open}
            aria-label={t("details", { name: name || change.kind })}
            p={4}
            mih={24}
          >
            <Chevron size={16} aria-hidden />
          </UnstyledButton>
        ) : (
          <Box w={24} />
        )}
        <ActionBadge action={change.action} />
        <Text fz="sm" style={{ overflowWrap: "anywhere" }}>
          <Text span fz="sm" c="dimmed">
            {change.kind === "settings" ? "" : `${t(`common:kind_one.${change.kind}`)} `}
          </Text>
          {change.action === "delete" || change.name === "(new)" ? (
            <Text span fz="sm" fw={600}>
              {name}
            </Text>
          ) : (
            <Text span fz="sm" fw={600}>
              <ObjectLink kind={change.kind} name={change.name}>
                {name || t("common:kind.settings")}
              </ObjectLink>
            </Text>
          )}
        </Text>
        {actions && <Box ml="auto">{actions(change)}</Box>}
      </Group>
      {open && rows.length > 0 && (
        <Table ml={28} w="calc(100% - 28px)" withRowBorders={false} verticalSpacing={2} layout="fixed" aria-label={t("details", { name })}>
          <Table.Tbody>
            {rows.map((r) => (
              <RowLine key={JSON.stringify([r.path, r.of, r.op, r.before, r.after])} row={r} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Box>
  );
}

const shownAtFirst = 50;

export function Changes({ list, actions }: { list: Change[]; actions?: (c: Change) => ReactNode }) {
  const { t } = useTranslation("changes");
  const [all, setAll] = useState(false);
  if (list.length === 0)
    return (
      <Text fz="sm" c="dimmed">
        {t("none")}
      </Text>
    );
  const shown = all ? list : list.slice(0, shownAtFirst);
  return (
    <Stack gap={0}>
      {shown.map((c) => (
        <One key={`${c.kind}/${c.name}`} change={c} open={list.length <= 8} {...(actions ? { actions } : {})} />
      ))}
      {list.length > shown.length && (
        <Button variant="subtle" size="xs" onClick={() => setAll(true)} mt="xs">
          {t("all", { count: list.length })}
        </Button>
      )}
    </Stack>
  );
}
