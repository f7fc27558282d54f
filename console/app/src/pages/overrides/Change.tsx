import { Button, Group, Modal, Skeleton, Stack, Text, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, refresh, type Schemas } from "@/api/client";
import { Effect } from "@/changes/Effect";
import { Warnings } from "@/changes/Warnings";
import { Problem } from "@/components/Problem";
import { About } from "./Overrides";
import { goodSpan, Span } from "./Span";

type State = Schemas["OverrideState"];

export function Extend({ of, onClose }: { of: State; onClose: () => void }) {
  const { t } = useTranslation("overrides");
  const [span, setSpan] = useState("1h");
  const [reason, setReason] = useState(of.reason ?? "");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.PATCH("/api/v1/overrides/{id}", {
        params: { path: { id: of.id } },
        body: { for: span || "0s", ...(reason !== (of.reason ?? "") ? { reason } : {}) },
        headers: { "Content-Type": "application/merge-patch+json" },
      });
      refresh("");
      notifications.show({ color: "green", message: t("extended") });
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={t("extend_title")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <Stack gap="md">
        <About of={of} />
        <Text fz="sm" c="dimmed">
          {t("extend_about")}
        </Text>
        <Span value={span} onChange={setSpan} />
        <TextInput label={t("reason")} value={reason} maxLength={1024} onChange={(e) => setReason(e.currentTarget.value)} />
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button onClick={() => void go()} loading={busy} disabled={!goodSpan(span)}>
            {t("extend_confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export function Clear({ of, onClose }: { of: State; onClose: () => void }) {
  const { t } = useTranslation("overrides");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const path = { id: of.id };
  const plan = useQuery({
    queryKey: ["override-clear", of.id, of.version],
    retry: false,
    staleTime: 0,
    queryFn: async () => (await api.DELETE("/api/v1/overrides/{id}", { params: { path, query: { dry_run: true } } })).data,
  });
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.DELETE("/api/v1/overrides/{id}", { params: { path } });
      refresh("");
      notifications.show({ color: "green", message: t("cleared") });
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} size="lg" title={t("clear_title")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <Stack gap="md">
        <About of={of} />
        <Text fz="sm" c="dimmed">
          {t(of.action === "drain" ? "clear_about_drain" : "clear_about_enable")}
        </Text>
        <div>
          <Title order={3} mb={4}>
            {t("effect")}
          </Title>
          {plan.error && <Problem error={plan.error} />}
          {plan.isPending && <Skeleton height={60} />}
          {plan.data && (
            <Stack gap="sm">
              <Warnings list={plan.data.warnings} />
              <Effect of={plan.data.effect} />
            </Stack>
          )}
        </div>
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button onClick={() => void go()} loading={busy}>
            {t("clear_confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
