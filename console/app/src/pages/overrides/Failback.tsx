import { Button, Group, Modal, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, refresh } from "@/api/client";
import { Problem } from "@/components/Problem";

/** Lets a policy that stays where it is choose its current member anew. */
export function Failback({ target: first, onClose }: { target?: string | undefined; onClose: () => void }) {
  const { t } = useTranslation("overrides");
  const [target, setTarget] = useState(first ?? "");
  const [comment, setComment] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const choices = useQuery({
    queryKey: ["failback-targets"],
    queryFn: async ({ signal }) => {
      const query = { params: { query: { limit: 1000, policy: "sequential" } }, signal };
      const [p, d] = await Promise.all([api.GET("/api/v1/pools", query), api.GET("/api/v1/access-domains", query)]);
      return [
        ...(d.data?.items ?? [])
          .filter((o) => o.mode === "non_preemptive")
          .map((o) => ({ value: `access-domain/${o.name}/${o.type}`, label: `${o.name} ${o.type}`, group: "access_domain" })),
        ...(p.data?.items ?? [])
          .filter((o) => o.mode === "non_preemptive")
          .map((o) => ({ value: `pool/${o.name}`, label: o.name, group: "pool" })),
      ];
    },
  });
  const plan = useQuery({
    queryKey: ["failback-plan", target],
    enabled: target !== "",
    retry: false,
    staleTime: 0,
    queryFn: async () => (await api.POST("/api/v1/failback", { params: { query: { dry_run: true } }, body: { target } })).data,
  });
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await api.POST("/api/v1/failback", {
        params: { query: comment.trim() ? { comment: comment.trim() } : {} },
        body: { target },
      });
      refresh("");
      notifications.show({ color: "green", message: t("failback_done", { to: data?.to || t("nobody") }) });
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  const stays = plan.data && plan.data.from === plan.data.to;
  return (
    <Modal opened onClose={onClose} title={t("failback")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <Stack gap="md">
        <Text fz="sm" c="dimmed">
          {t("failback_about")}
        </Text>
        {choices.error && <Problem error={choices.error} />}
        {choices.data?.length === 0 && !first ? (
          <Text fz="sm">{t("failback_none")}</Text>
        ) : (
          <Select
            label={t("failback_target")}
            searchable
            data={["access_domain", "pool"].map((g) => ({
              group: t(`common:kind.${g}`),
              items: (choices.data ?? []).filter((c) => c.group === g).map(({ value, label }) => ({ value, label })),
            }))}
            value={target || null}
            onChange={(v) => setTarget(v ?? "")}
          />
        )}
        {target && plan.error && <Problem error={plan.error} />}
        {target && plan.isPending && <Skeleton height={20} />}
        {plan.data && (
          <Text fz="sm">
            {stays
              ? t("failback_stays", { to: plan.data.to || t("nobody") })
              : t("failback_moves", { from: plan.data.from || t("nobody"), to: plan.data.to || t("nobody") })}
          </Text>
        )}
        <TextInput label={t("reason")} value={comment} onChange={(e) => setComment(e.currentTarget.value)} />
        {error !== undefined && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          <Button onClick={() => void go()} loading={busy} disabled={!plan.data}>
            {t("failback_confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
