// The ways to change an object from its list and its page.
import { ActionIcon, Button, Group } from "@mantine/core";
import { IconPencil, IconPlus } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useCan } from "@/api/session";
import { editing, QuickActions } from "@/edit";
import type { Kind } from "@/edit/draft";

/** Opens the editing panel over the page that one is on. */
const into = (kind: Kind, key: string) => ((s: Record<string, unknown>) => ({ ...s, edit: editing(kind, key) })) as never;

export function NewObject({ kind }: { kind: "pool" | "address" | "template" }) {
  const { t } = useTranslation("objects");
  const can = useCan("operator");
  return (
    <Button component={Link} to="." search={into(kind, "")} disabled={!can} leftSection={<IconPlus size={16} aria-hidden />}>
      {t(`new_${kind}`)}
    </Button>
  );
}

/** Of a row: opens the panel, where the quick actions stand too. Fifty of them would each ask for their object. */
export function RowActions({ kind, name }: { kind: Kind; name: string }) {
  const { t } = useTranslation();
  return (
    <ActionIcon component={Link} to="." search={into(kind, name)} variant="subtle" color="gray" aria-label={`${t("action.edit")}: ${name}`}>
      <IconPencil size={16} aria-hidden />
    </ActionIcon>
  );
}

export function ObjectActions({ kind, name }: { kind: Kind; name: string }) {
  const { t } = useTranslation();
  return (
    <Group gap="xs">
      <QuickActions kind={kind} objectKey={name} />
      <Button component={Link} to="." search={into(kind, name)} variant="default" leftSection={<IconPencil size={16} aria-hidden />}>
        {t("action.edit")}
      </Button>
    </Group>
  );
}
