// Drain or hold available, in two steps: what, then how long, with the effect on clients before it is done.
// On a phone it fills the screen and every choice is one tap.
import {
  ActionIcon,
  Box,
  Button,
  Group,
  Modal,
  SegmentedControl,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Title,
  UnstyledButton,
} from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconArrowLeft, IconChevronRight } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refresh } from "@/api/client";
import { Effect } from "@/changes/Effect";
import { Warnings } from "@/changes/Warnings";
import { Problem } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { number } from "@/lib/format";
import { carries, choicesOf, type Labelled } from "./labels";
import { goodSpan, Span } from "./Span";

type Pick = { target?: string; selector?: string };

export function Order({
  action,
  target,
  selector,
  pick,
  onClose,
}: Pick & { action: "drain" | "enable"; pick: (p: Pick) => void; onClose: () => void }) {
  const { t } = useTranslation("overrides");
  const phone = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const chosen = Boolean(target || selector);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      fullScreen={phone ?? false}
      title={
        <Group gap={6} wrap="nowrap">
          {chosen && (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t("common:action.back")}
              onClick={() => pick({ target: "", selector: "" })}
            >
              <IconArrowLeft size={18} aria-hidden />
            </ActionIcon>
          )}
          {t(`${action}_title`)}
        </Group>
      }
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      {chosen ? <Confirm action={action} target={target} selector={selector} onClose={onClose} /> : <Choose action={action} pick={pick} />}
    </Modal>
  );
}

function Row({ label, about, onClick }: { label: string; about: string; onClick: () => void }) {
  return (
    <UnstyledButton
      onClick={onClick}
      px="sm"
      py={10}
      mih={48}
      w="100%"
      style={{ border: "1px solid var(--mantine-color-default-border)", borderRadius: "var(--mantine-radius-md)" }}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Box style={{ minWidth: 0 }}>
          <Text fz="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {label}
          </Text>
          <Text fz="xs" c="dimmed">
            {about}
          </Text>
        </Box>
        <IconChevronRight size={18} aria-hidden />
      </Group>
    </UnstyledButton>
  );
}

// Labels are read from the first thousand of each kind; a selector that is typed reaches all.
const labelled = 1000;

function useLabelled() {
  const query = { params: { query: { limit: labelled } } };
  const addresses = $api.useQuery("get", "/api/v1/addresses", query, { staleTime: 30_000 });
  const pools = $api.useQuery("get", "/api/v1/pools", query, { staleTime: 30_000 });
  return {
    addresses: addresses.data?.items as Labelled[] | undefined,
    pools: pools.data?.items as Labelled[] | undefined,
    error: addresses.error ?? pools.error,
  };
}

function Choose({ action, pick }: { action: "drain" | "enable"; pick: (p: Pick) => void }) {
  const { t } = useTranslation("overrides");
  const [by, setBy] = useState<"label" | "name">("label");
  const [text, setText] = useState("");
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(text, 200);
  const { addresses, pools, error } = useLabelled();
  const choices = choicesOf(addresses ?? [], pools ?? []).filter((c) => c.selector.toLowerCase().includes(text.toLowerCase()));
  const hits = useQuery({
    queryKey: ["override-targets", q],
    enabled: by === "name",
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { params: { query: { limit: 8, ...(q ? { q } : {}) } }, signal };
      const [a, p, d] = await Promise.all([
        api.GET("/api/v1/addresses", query),
        api.GET("/api/v1/pools", query),
        api.GET("/api/v1/access-domains", query),
      ]);
      return [
        ...(p.data?.items ?? []).map((o) => ({ kind: "pool", target: `pool/${o.name}`, label: o.name, about: "" })),
        ...(a.data?.items ?? []).map((o) => ({ kind: "address", target: `address/${o.name}`, label: o.name, about: o.address })),
        ...(d.data?.items ?? []).map((o) => ({
          kind: "access_domain",
          target: `access-domain/${o.name}/${o.type}`,
          label: `${o.name} ${o.type}`,
          about: "",
        })),
      ];
    },
  });
  return (
    <Stack gap="sm">
      <Text fz="sm" c="dimmed">
        {t(`${action}_about`)}
      </Text>
      <SegmentedControl
        fullWidth
        value={by}
        onChange={(v) => setBy(v as "label" | "name")}
        data={[
          { value: "label", label: t("by_label") },
          { value: "name", label: t("by_name") },
        ]}
      />
      <SearchInput label={t(by === "label" ? "find_label" : "find_name")} value={text} onChange={setText} w="100%" />
      {error && <Problem error={error} />}
      {by === "label" ? (
        <>
          {!addresses || !pools ? (
            <Stack gap={6}>
              <Skeleton height={48} />
              <Skeleton height={48} />
              <Skeleton height={48} />
            </Stack>
          ) : choices.length === 0 ? (
            <Text fz="sm">{t("no_labels")}</Text>
          ) : (
            <Stack gap={6}>
              {choices.slice(0, 100).map((c) => (
                <Row
                  key={c.selector}
                  label={`${c.key} = ${c.value}`}
                  about={[c.addresses > 0 ? t("addresses", { count: c.addresses }) : "", c.pools > 0 ? t("pools", { count: c.pools }) : ""]
                    .filter(Boolean)
                    .join(" · ")}
                  onClick={() => pick({ selector: c.selector })}
                />
              ))}
            </Stack>
          )}
          <form
            onSubmit={(e) => {
              e.preventDefault();
              if (typed.trim()) pick({ selector: typed.trim() });
            }}
          >
            <Group align="flex-end" gap="xs">
              <TextInput
                label={t("typed")}
                placeholder="site=hz,tier=web"
                value={typed}
                onChange={(e) => setTyped(e.currentTarget.value)}
                flex={1}
              />
              <Button type="submit" variant="default" disabled={!typed.trim()}>
                {t("common:action.next")}
              </Button>
            </Group>
          </form>
        </>
      ) : hits.error ? (
        <Problem error={hits.error} />
      ) : !hits.data ? (
        <Skeleton height={48} />
      ) : hits.data.length === 0 ? (
        <Text fz="sm">{t("no_such")}</Text>
      ) : (
        <Stack gap={6}>
          {hits.data.map((h) => (
            <Row
              key={h.target}
              label={h.label}
              about={`${t(`common:kind_one.${h.kind}`)}${h.about ? ` · ${h.about}` : ""}`}
              onClick={() => pick({ target: h.target })}
            />
          ))}
        </Stack>
      )}
    </Stack>
  );
}

function Confirm({ action, target, selector, onClose }: Pick & { action: "drain" | "enable"; onClose: () => void }) {
  const { t } = useTranslation("overrides");
  const [span, setSpan] = useState("1h");
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const { addresses, pools } = useLabelled();
  const what = selector ? { selector } : { target: target ?? "" };
  // How long and why do not change what clients get.
  const plan = useQuery({
    queryKey: ["override-plan", action, target, selector],
    retry: false,
    staleTime: 0,
    queryFn: async () => (await api.POST("/api/v1/overrides", { params: { query: { dry_run: true } }, body: { action, ...what } })).data,
  });
  const hit = selector ? [...(addresses ?? []), ...(pools ?? [])].filter((o) => carries(o, selector)) : [];
  const name = selector ?? (target ?? "").slice((target ?? "").indexOf("/") + 1);
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await api.POST("/api/v1/overrides", {
        body: { action, ...what, ...(span ? { for: span } : {}), ...(reason.trim() ? { reason: reason.trim() } : {}) },
      });
      refresh("");
      notifications.show({ color: "green", message: t(`${action}_done`, { what: name }) });
      onClose();
    } catch (err) {
      setError(err);
      setBusy(false);
    }
  };
  return (
    <Stack gap="md">
      <div>
        <Title order={3} style={{ overflowWrap: "anywhere" }}>
          {name}
        </Title>
        {selector && (
          <Text fz="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {hit.length > 0
              ? `${t("hits", { count: hit.length, n: number(hit.length) })} ${hit
                  .slice(0, 12)
                  .map((o) => o.name)
                  .join(", ")}${hit.length > 12 ? " …" : ""}`
              : t("hits_none")}
          </Text>
        )}
      </div>
      <Span value={span} onChange={setSpan} />
      <TextInput
        label={t("reason")}
        placeholder={t("reason_hint")}
        value={reason}
        maxLength={1024}
        onChange={(e) => setReason(e.currentTarget.value)}
      />
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
      <Box
        pos="sticky"
        bottom={0}
        py="sm"
        bg="var(--mantine-color-body)"
        style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}
      >
        <Button
          fullWidth
          size="md"
          color={action === "drain" ? "red" : undefined}
          loading={busy}
          disabled={!goodSpan(span) || plan.isError}
          onClick={() => void go()}
          styles={{ label: { whiteSpace: "normal" } }}
        >
          {t(`${action}_confirm`, { what: name })}
        </Button>
      </Box>
    </Stack>
  );
}
