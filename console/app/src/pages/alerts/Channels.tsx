// To whom alerts are told: each kind with its own form, a test, and what the other side last said.
import {
  ActionIcon,
  Badge,
  Button,
  Card,
  Drawer,
  Group,
  Menu,
  Alert as Note,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  Title,
  Tooltip,
} from "@mantine/core";
import { modals } from "@mantine/modals";
import {
  IconBell,
  IconBrandSlack,
  IconCheck,
  IconChevronDown,
  IconMail,
  IconMessage,
  IconPencil,
  IconPlus,
  IconSend,
  IconServer,
  IconTrash,
  IconUrgent,
  IconWebhook,
  IconX,
} from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, refresh, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Empty } from "@/components/Empty";
import { Problem } from "@/components/Problem";
import { Ago } from "@/components/Time";
import { duration, number } from "@/lib/format";
import { ChannelForm } from "./ChannelForm";
import { channelKinds, type Kind } from "./channel";
import type { Channel } from "./words";

const icons: Record<Kind, typeof IconMail> = {
  email: IconMail,
  webhook: IconWebhook,
  dingtalk: IconMessage,
  feishu: IconMessage,
  wecom: IconMessage,
  slack: IconBrandSlack,
  pagerduty: IconUrgent,
  alertmanager: IconServer,
};

export function Channels() {
  const { t } = useTranslation("alerts");
  const may = useCan("admin");
  const [form, setForm] = useState<{ kind: Kind; channel?: Channel }>();
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/alerts/channels", { params: { query: { limit: 200 } } });
  const add = (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button leftSection={<IconPlus size={16} aria-hidden />} rightSection={<IconChevronDown size={14} aria-hidden />}>
          {t("channel.add")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {channelKinds.map((k) => {
          const Icon = icons[k];
          return (
            <Menu.Item key={k} leftSection={<Icon size={16} aria-hidden />} onClick={() => setForm({ kind: k })}>
              {t(`channel_kind.${k}`)}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <Stack gap="md">
      {data && data.items.length > 0 && may && <Group justify="flex-end">{add}</Group>}
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!data ? (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Skeleton height={170} />
          <Skeleton height={170} />
        </SimpleGrid>
      ) : data.items.length === 0 ? (
        <Card withBorder>
          <Empty icon={IconBell} title={t("channel.none")} actions={may ? add : undefined}>
            {t(may ? "channel.none_about" : "channel.none_viewer")}
          </Empty>
        </Card>
      ) : (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          {data.items.map((c) => (
            <ChannelCard key={c.name} c={c} onEdit={() => setForm({ kind: c.kind, channel: c })} />
          ))}
        </SimpleGrid>
      )}
      <Drawer
        opened={form !== undefined}
        onClose={() => setForm(undefined)}
        size="lg"
        title={form ? (form.channel ? form.channel.name : t("channel.new", { kind: t(`channel_kind.${form.kind}`) })) : ""}
        closeButtonProps={{ "aria-label": t("common:action.close") }}
      >
        {form && <ChannelForm kind={form.kind} channel={form.channel} onDone={() => setForm(undefined)} />}
      </Drawer>
    </Stack>
  );
}

function ChannelCard({ c, onEdit }: { c: Channel; onEdit: () => void }) {
  const { t } = useTranslation("alerts");
  const may = useCan("admin");
  const test = $api.useMutation("post", "/api/v1/alerts/channels/{name}/test", { onSettled: () => refresh("/alerts/channels") });
  const remove = $api.useMutation("delete", "/api/v1/alerts/channels/{name}", { onSuccess: () => refresh("/alerts") });
  const Icon = icons[c.kind];
  const where =
    c.kind === "email" ? [c.host, (c.to ?? []).join(", ")].filter(Boolean).join(" → ") : c.url || c.url_file || t("channel.usual_address");
  const ask = () =>
    modals.openConfirmModal({
      title: t("channel.delete_title", { name: c.name }),
      children: <Text fz="sm">{t("channel.delete_about")}</Text>,
      labels: { confirm: t("common:action.delete"), cancel: t("common:action.cancel") },
      confirmProps: { color: "red" },
      closeButtonProps: { "aria-label": t("common:action.close") },
      onConfirm: () => remove.mutate({ params: { path: { name: c.name }, header: { "If-Match": String(c.version) } } }),
    });
  return (
    <Card withBorder component="section" aria-label={c.name} data-channel={c.name}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Group gap="sm" wrap="nowrap" align="flex-start" miw={0}>
          <Icon size={22} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
          <div style={{ minWidth: 0 }}>
            <Group gap={6}>
              <Title order={2} style={{ overflowWrap: "anywhere" }}>
                {c.name}
              </Title>
              {!c.enabled && (
                <Badge variant="light" color="gray" styles={{ root: { textTransform: "none", color: "var(--m-state-gray)" } }}>
                  {t("channel.off")}
                </Badge>
              )}
            </Group>
            <Text fz="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {t(`channel_kind.${c.kind}`)} · {where}
            </Text>
            {c.remark && <Text fz="sm">{c.remark}</Text>}
          </div>
        </Group>
        {may && (
          <Group gap={4} wrap="nowrap">
            <Tooltip label={t("common:action.edit")}>
              <ActionIcon variant="subtle" color="gray" aria-label={t("channel.edit", { name: c.name })} onClick={onEdit}>
                <IconPencil size={16} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t("common:action.delete")}>
              <ActionIcon variant="subtle" color="gray" aria-label={t("channel.delete", { name: c.name })} onClick={ask}>
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Tooltip>
          </Group>
        )}
      </Group>
      <Stack gap={4} mt="sm">
        <Text fz="sm">
          {t("channel.from_severity", { severity: t(`severity.${c.min_severity}`) })} · {t(`channel.language_${c.language}`)} ·{" "}
          {c.events?.length ? t("channel.some_events", { count: c.events.length, n: number(c.events.length) }) : t("channel.all_events")}
        </Text>
        <Last d={c.last_delivery} />
        {c.waiting > 0 && (
          <Text fz="sm" c="dimmed">
            {t("channel.waiting", { count: c.waiting, n: number(c.waiting) })}
          </Text>
        )}
      </Stack>
      {may && (
        <Group mt="sm">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconSend size={15} aria-hidden />}
            loading={test.isPending}
            onClick={() => test.mutate({ params: { path: { name: c.name } } })}
          >
            {t("channel.test")}
          </Button>
        </Group>
      )}
      {test.data && (
        <Note
          mt="sm"
          role="status"
          variant="light"
          color={test.data.ok ? "green" : "red"}
          icon={test.data.ok ? <IconCheck aria-hidden /> : <IconX aria-hidden />}
          title={t(test.data.ok ? "channel.test_ok" : "channel.test_failed", { took: duration(test.data.took_ms / 1000) })}
        >
          <Text fz="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
            {test.data.answer}
          </Text>
          {!test.data.ok && /not allowed|refused by|private|loopback|alert-allow/i.test(test.data.answer) && (
            <Text fz="sm">{t("channel.allow_hint")}</Text>
          )}
        </Note>
      )}
      {test.error && <Problem error={test.error} />}
      {remove.error && <Problem error={remove.error} />}
    </Card>
  );
}

function Last({ d }: { d: Schemas["AlertDelivery"] | undefined }) {
  const { t } = useTranslation("alerts");
  if (!d)
    return (
      <Text fz="sm" c="dimmed">
        {t("channel.never")}
      </Text>
    );
  const color = d.state === "sent" ? "green" : d.state === "failed" ? "red" : "blue";
  const Icon = d.state === "sent" ? IconCheck : d.state === "failed" ? IconX : IconSend;
  return (
    <div>
      <Group gap={4} wrap="nowrap" c={`var(--m-state-${color})`} data-last={d.state}>
        <Icon size={15} aria-hidden />
        <Text fz="sm">
          {t(`outcome.${d.state}`)} <Ago at={d.ended_at ?? d.created_at} />
          {d.attempts > 1 ? ` · ${t("attempts", { count: d.attempts })}` : ""}
        </Text>
      </Group>
      {d.answer && d.state !== "sent" && (
        <Text fz="xs" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
          {d.answer}
        </Text>
      )}
    </div>
  );
}
