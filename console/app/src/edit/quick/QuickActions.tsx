import { Button, Group, Loader, Menu, Modal, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconBan, IconBolt, IconCheck, IconHandStop, IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, refresh } from "@/api/client";
import { useCan } from "@/api/session";
import { Effect } from "@/changes/Effect";
import { Warnings } from "@/changes/Warnings";
import { Problem } from "@/components/Problem";
import { sayProblem } from "@/i18n/say";
import type { Kind } from "../draft";
import { nameOfKey, readObject, useObject } from "../objects";
import { type Act, run, type Undo, undo } from "./act";

export type QuickActionsProps = {
  kind: Kind;
  objectKey: string;
  /** As wide buttons one below the other, for a phone; default is a menu. */
  wide?: boolean;
};

const lasts = ["30m", "2h", "8h", ""] as const;

/** What one can do at once to an object: nothing for kinds that take no part in answers. */
export default function QuickActions({ kind, objectKey, wide }: QuickActionsProps) {
  const { t } = useTranslation("edit");
  const can = useCan("operator");
  const { data: known } = useObject(kind, objectKey);
  const [act, setAct] = useState<Act | undefined>();
  if (!["address", "pool", "access_domain"].includes(kind) || !known) return null;
  const override = known.override;
  const acts: { act: Act; icon: typeof IconBan }[] = [
    ...(override ? [{ act: { do: "clear" as const, override: override.id }, icon: IconX }] : []),
    ...(override?.action === "drain" ? [] : [{ act: { do: "drain" as const, for: "2h" }, icon: IconBan }]),
    known.enabled === false
      ? { act: { do: "enable" as const }, icon: IconPlayerPlay }
      : { act: { do: "disable" as const }, icon: IconPlayerPause },
    ...(kind === "address"
      ? (["auto", "manual_available", "manual_unavailable"] as const)
          .filter((m) => m !== known.mode)
          .map((m) => ({ act: { do: m }, icon: m === "auto" ? IconRefresh : IconHandStop }))
      : []),
  ];
  const why = can ? undefined : t("read_only.why");
  return (
    <>
      {wide ? (
        <Stack gap={8}>
          {acts.map(({ act: a, icon: I }) => (
            <Button
              key={a.do}
              variant="default"
              size="md"
              justify="flex-start"
              leftSection={<I size={18} aria-hidden />}
              disabled={!can}
              title={why}
              onClick={() => setAct(a)}
            >
              {t(`quick.do.${a.do}`)}
            </Button>
          ))}
          {why && (
            <Text fz="xs" c="dimmed">
              {why}
            </Text>
          )}
        </Stack>
      ) : (
        <Menu position="bottom-end" withinPortal zIndex={400}>
          <Menu.Target>
            <Button variant="default" size="xs" leftSection={<IconBolt size={15} aria-hidden />} disabled={!can} title={why}>
              {t("quick.menu")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{t("quick.about")}</Menu.Label>
            {acts.map(({ act: a, icon: I }) => (
              <Menu.Item key={a.do} leftSection={<I size={16} aria-hidden />} onClick={() => setAct(a)}>
                {t(`quick.do.${a.do}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {act && <Confirm key={act.do} act={act} kind={kind} objectKey={objectKey} onClose={() => setAct(undefined)} />}
    </>
  );
}

function Confirm({ act: first, kind, objectKey, onClose }: { act: Act; kind: Kind; objectKey: string; onClose: () => void }) {
  const { t } = useTranslation("edit");
  const phone = useMediaQuery("(max-width: 48em)") ?? false;
  const [act, setAct] = useState(first);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [asked] = useDebouncedValue(act, 100);
  const name = nameOfKey(kind, objectKey);
  const dry = useQuery({
    queryKey: ["post", "/api/v1/preview", "quick", asked, kind, objectKey],
    queryFn: async ({ signal }) => {
      const known = await readObject(kind, objectKey);
      return known ? run(asked, kind, objectKey, known, "", true, signal) : null;
    },
    gcTime: 0,
    staleTime: 5_000,
  });
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const known = await readObject(kind, objectKey);
      if (!known) throw new Error(t("gone_about"));
      const out = await run(act, kind, objectKey, known, reason.trim(), false);
      refresh("");
      onClose();
      done(t(`quick.done.${act.do}`, { name }), out.undo, t);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const danger = act.do === "disable" || act.do === "drain" || act.do === "manual_unavailable";
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      fullScreen={phone}
      zIndex={500}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
      title={t(`quick.ask.${act.do}`, { name })}
    >
      <Stack gap="md">
        <Text fz="sm">{t(`quick.what.${act.do}`)}</Text>
        {act.do === "drain" && (
          <Radio.Group label={t("quick.for")} value={act.for} onChange={(v) => setAct({ do: "drain", for: v })}>
            <Group gap="md" mt={6}>
              {lasts.map((l) => (
                <Radio key={l} value={l} label={t(`quick.lasts.${l || "open"}`)} />
              ))}
            </Group>
          </Radio.Group>
        )}
        {act.do !== "clear" && (
          <TextInput
            label={t(act.do === "drain" ? "quick.reason" : "quick.comment")}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            maxLength={1000}
            autoComplete="off"
          />
        )}
        <div aria-live="polite" style={{ minHeight: 60 }}>
          <Text fw={600} fz="sm" mb={4}>
            {t("quick.effect")}
          </Text>
          {dry.isLoading && <Loader size="sm" aria-label={t("quick.asking")} />}
          {dry.error && <Problem error={dry.error} />}
          {dry.data?.effect && <Effect of={dry.data.effect} />}
          {dry.data && <Warnings list={dry.data.warnings} />}
        </div>
        {error !== undefined && <Problem error={error} />}
        {/* Within reach of the thumb, however long the effect is. */}
        <Group
          justify="flex-end"
          gap="xs"
          py="sm"
          style={{
            position: "sticky",
            bottom: 0,
            background: "var(--mantine-color-body)",
            borderTop: "1px solid var(--mantine-color-default-border)",
          }}
        >
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button
            color={danger ? "red" : undefined}
            loading={busy}
            disabled={dry.isLoading || Boolean(dry.error)}
            onClick={() => void go()}
          >
            {t(`quick.do.${act.do}`)}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Says that it is done, with the way back in one click. */
function done(message: string, back: Undo | undefined, t: (k: string) => string): void {
  const id = `quick-${Date.now()}`;
  const take = async () => {
    notifications.hide(id);
    if (!back) return;
    try {
      await undo(back, t("quick.undo_comment"));
      refresh("");
      notifications.show({ message: t("quick.undone"), color: "green", icon: <IconCheck size={16} aria-hidden /> });
    } catch (err) {
      notifications.show({
        title: t("quick.undo_failed"),
        message: err instanceof ApiError ? sayProblem(err.problem) : err instanceof Error ? err.message : "",
        color: "red",
        autoClose: false,
      });
    }
  };
  notifications.show({
    id,
    color: "green",
    icon: <IconCheck size={16} aria-hidden />,
    autoClose: 30_000,
    withCloseButton: true,
    message: (
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fz="sm">{message}</Text>
        {back && (
          <Button size="compact-sm" variant="default" onClick={() => void take()}>
            {t("quick.undo")}
          </Button>
        )}
      </Group>
    ),
  });
}
