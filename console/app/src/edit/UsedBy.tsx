// Who names an object: as the server says, with what the draft adds and takes away.
import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { type Draft, type Kind, useDraft } from "./draft";
import { type Known, nameOfKey, namesOf, usersInDraft } from "./objects";

export type User = { kind: Kind; key: string; drafted: boolean };

/** Users of an object once the draft is applied. */
export function usersOf(draft: Draft, kind: Kind, key: string, known: Known | null | undefined): User[] {
  const out = new Map<string, User>();
  for (const u of known?.used_by ?? []) {
    const k = u.kind as Kind;
    const item = draft.items.find((i) => i.kind === k && i.key === u.name);
    if (item?.op === "delete") continue;
    if (item?.body && !namesOf(k, item.body).some((n) => n.kind === kind && n.key === key)) continue;
    out.set(`${k} ${u.name}`, { kind: k, key: u.name, drafted: item !== undefined });
  }
  for (const i of usersInDraft(draft, kind, key)) out.set(`${i.kind} ${i.key}`, { kind: i.kind, key: i.key, drafted: true });
  return [...out.values()];
}

export function useUsers(kind: Kind, key: string, known: Known | null | undefined): User[] {
  const draft = useDraft();
  return useMemo(() => usersOf(draft, kind, key, known), [draft, kind, key, known]);
}

export function UsedBy({ users, open }: { users: User[]; open?: (kind: Kind, key: string) => void }) {
  const { t } = useTranslation("edit");
  if (users.length === 0)
    return (
      <Text fz="sm" c="dimmed">
        {t("used_by.none")}
      </Text>
    );
  return (
    <Stack gap={2}>
      {users.slice(0, 50).map((u) => (
        <Group key={`${u.kind} ${u.key}`} gap={8} wrap="nowrap">
          <Text fz="xs" c="dimmed" w={96} style={{ flex: "none" }}>
            {t(`common:kind_one.${u.kind}`)}
          </Text>
          {open ? (
            <Button variant="transparent" size="compact-sm" px={0} onClick={() => open(u.kind, u.key)}>
              {nameOfKey(u.kind, u.key)}
            </Button>
          ) : (
            <Text fz="sm">{nameOfKey(u.kind, u.key)}</Text>
          )}
          {u.drafted && (
            <Badge size="xs" variant="light" color="blue" styles={{ root: { textTransform: "none", color: "var(--m-state-blue)" } }}>
              {t("in_draft")}
            </Badge>
          )}
        </Group>
      ))}
      {users.length > 50 && (
        <Text fz="xs" c="dimmed">
          {t("used_by.more", { n: users.length - 50 })}
        </Text>
      )}
    </Stack>
  );
}
