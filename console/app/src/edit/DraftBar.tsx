// The draft in one line, at the foot of every page while there is one.
import { Button, Group, Modal, Paper, Stack, Text } from "@mantine/core";
import { Link, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useCheck } from "./check";
import { useConflicts } from "./conflicts";
import { discardDraft, useDraft, useIsStored } from "./draft";
import { useIsPanelOpen } from "./panel/open";

export default function DraftBar() {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const stored = useIsStored();
  const check = useCheck();
  const conflicts = useConflicts();
  const panel = useIsPanelOpen();
  const [asking, setAsking] = useState(false);
  const at = useRouterState({ select: (s) => s.location.pathname });
  if (draft.items.length === 0 || at === "/review" || panel) return null;
  return (
    <>
      <Paper
        component="section"
        aria-label={t("bar.label")}
        shadow="md"
        withBorder
        px="md"
        py={8}
        style={{ position: "fixed", zIndex: 180, bottom: 12, left: "50%", transform: "translateX(-50%)", maxWidth: "calc(100vw - 24px)" }}
      >
        <Group gap="md" wrap="nowrap">
          <Text fz="sm" aria-live="polite" data-draft={check.pending ? "pending" : check.state} style={{ whiteSpace: "nowrap" }}>
            {t("bar.changes", { count: draft.items.length })}
            {conflicts.length > 0 && (
              <Text span c="var(--m-state-orange)" fw={600}>
                {", "}
                {t("bar.conflicts", { count: conflicts.length })}
              </Text>
            )}
            {check.errors > 0 && (
              <Text span c="var(--m-state-red)" fw={600}>
                {", "}
                {t("bar.errors", { count: check.errors })}
              </Text>
            )}
            {!stored && (
              <Text span c="var(--m-state-orange)" fw={600}>
                {", "}
                {t("bar.not_stored")}
              </Text>
            )}
          </Text>
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="subtle" color="gray" onClick={() => setAsking(true)}>
              {t("bar.discard")}
            </Button>
            <Button size="xs" component={Link} to={"/review" as string}>
              {t("bar.review")}
            </Button>
          </Group>
        </Group>
      </Paper>
      <DiscardDialog opened={asking} onClose={() => setAsking(false)} />
    </>
  );
}

export function DiscardDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("bar.discard_title")}
      zIndex={500}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <Stack gap="md">
        <Text fz="sm">{t("bar.discard_about", { count: draft.items.length })}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("common:action.cancel")}
          </Button>
          <Button
            color="red"
            onClick={() => {
              onClose();
              discardDraft();
            }}
          >
            {t("bar.discard")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
