// What is wrong now, and what people do about it.
import {
  Badge,
  Button,
  Card,
  Group,
  Modal,
  Alert as Note,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  Textarea,
  Title,
} from "@mantine/core";
import { IconBell, IconBellOff, IconHandStop, IconTimeline } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, refresh, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Empty } from "@/components/Empty";
import { ListTools } from "@/components/ListTools";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem } from "@/components/Problem";
import { Ago, Moment } from "@/components/Time";
import { useCursor } from "@/lib/cursor";
import { number } from "@/lib/format";
import { useLineName } from "@/lib/lines";
import type { AlertsSearch } from "./search";
import { type Alert, kinds, SeverityBadge, severities, severityColor, Thing, useEvents } from "./words";

const shown = 25;

export function Active({ search, set }: { search: AlertsSearch; set: (p: Partial<AlertsSearch>) => void }) {
  const { t, i18n } = useTranslation("alerts");
  const events = useEvents();
  const filters = {
    ...(search.q ? { q: search.q } : {}),
    ...(search.event ? { event: search.event } : {}),
    ...(search.kind ? { kind: search.kind } : {}),
    ...(search.object ? { object: search.object } : {}),
    ...(search.severity ? { severity: search.severity } : {}),
    ...(search.acknowledged ? { acknowledged: search.acknowledged === "true" } : {}),
    ...(search.muted ? { muted: search.muted === "true" } : {}),
  };
  const { cursor, paging } = useCursor(JSON.stringify(filters));
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/alerts/active", {
    params: { query: { ...filters, language: i18n.language, limit: shown, ...(cursor ? { cursor } : {}) } },
  });
  const mutes = $api.useQuery("get", "/api/v1/alerts/mutes", { params: { query: { limit: 200 } } });
  const any = Object.keys(filters).length > 0;
  const pages = paging(data);
  return (
    <Stack gap="md">
      <ListTools
        values={search as Record<string, string | undefined>}
        set={(p) => set(p as Partial<AlertsSearch>)}
        filters={[
          { key: "severity", label: t("filter.severity"), options: severities.map((v) => ({ value: v, label: t(`severity.${v}`) })) },
          { key: "event", label: t("filter.event"), options: events.map((e) => ({ value: e.code, label: t(`event.${e.code}`, e.code) })) },
          { key: "kind", label: t("filter.kind"), options: kinds.map((v) => ({ value: v, label: t(`kind.${v}`) })) },
          {
            key: "acknowledged",
            label: t("filter.care"),
            options: [
              { value: "false", label: t("filter.nobody") },
              { value: "true", label: t("filter.somebody") },
            ],
          },
        ]}
      />
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!data ? (
        <Stack gap="sm">
          {[1, 2].map((i) => (
            <Skeleton key={i} height={150} />
          ))}
        </Stack>
      ) : data.items.length === 0 ? (
        <Card withBorder>
          <Empty
            icon={IconBell}
            title={t(any ? "none_such" : "none")}
            actions={
              any ? (
                <Button
                  variant="default"
                  onClick={() => set({ q: "", event: "", kind: "", object: "", severity: "", acknowledged: "", muted: "" })}
                >
                  {t("common:list.clear")}
                </Button>
              ) : (
                <Button variant="default" onClick={() => set({ tab: "log" })}>
                  {t("look_log")}
                </Button>
              )
            }
          >
            {any ? undefined : t("none_about")}
          </Empty>
        </Card>
      ) : (
        <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("tab.active")}>
          {data.items.map((a) => (
            <li key={a.id}>
              <AlertCard a={a} />
            </li>
          ))}
        </Stack>
      )}
      {data && (pages.next || pages.previous) && (
        <Group justify="space-between">
          <Text fz="sm" c="dimmed">
            {t("count", { n: number(data.total), count: data.total ?? 0 })}
          </Text>
          <Group gap="xs">
            <Button variant="default" disabled={!pages.previous} onClick={pages.previous}>
              {t("common:table.previous")}
            </Button>
            <Button variant="default" disabled={!pages.next} onClick={pages.next}>
              {t("common:table.next")}
            </Button>
          </Group>
        </Group>
      )}
      {mutes.data && mutes.data.items.length > 0 && <Mutes list={mutes.data.items} />}
    </Stack>
  );
}

function AlertCard({ a }: { a: Alert }) {
  const { t } = useTranslation("alerts");
  const may = useCan("operator");
  const [dialog, setDialog] = useState<"acknowledge" | "mute">();
  const release = $api.useMutation("delete", "/api/v1/alerts/active/{id}/acknowledge", { onSuccess: () => refresh("/alerts") });
  const id = String(a.id);
  return (
    <Card
      withBorder
      padding="md"
      data-alert={`${a.event} ${a.object}`}
      style={{ borderInlineStart: `4px solid var(--m-state-${severityColor(a.severity)})` }}
    >
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} flex={1} miw={240}>
          <Group gap="xs">
            <SeverityBadge severity={a.severity} />
            {a.acknowledged && (
              <Badge
                variant="light"
                color="blue"
                leftSection={<IconHandStop size={13} aria-hidden />}
                styles={{ root: { textTransform: "none", color: "var(--m-state-blue)" } }}
              >
                {t("cared_by", { who: a.acknowledged.by })}
              </Badge>
            )}
            {a.muted && (
              <Badge
                variant="light"
                color="gray"
                leftSection={<IconBellOff size={13} aria-hidden />}
                styles={{ root: { textTransform: "none", color: "var(--m-state-gray)" } }}
              >
                {t("muted")}
              </Badge>
            )}
            <Text fz="sm" c="dimmed">
              {t("since")} <Ago at={a.since} />
            </Text>
          </Group>
          <Title order={2} style={{ overflowWrap: "anywhere" }}>
            {a.title}
          </Title>
          <Text fz="sm">
            <Thing kind={a.kind} object={a.object} />
          </Text>
        </Stack>
        <Group gap="xs">
          {a.incident ? (
            <Button
              variant="default"
              size="xs"
              leftSection={<IconTimeline size={15} aria-hidden />}
              component={Link}
              to={`/incidents/${a.incident}` as string}
            >
              {t("incident")}
            </Button>
          ) : null}
          {may &&
            (a.acknowledged ? (
              <Button variant="default" size="xs" loading={release.isPending} onClick={() => release.mutate({ params: { path: { id } } })}>
                {t("release")}
              </Button>
            ) : (
              <Button
                variant="default"
                size="xs"
                leftSection={<IconHandStop size={15} aria-hidden />}
                onClick={() => setDialog("acknowledge")}
              >
                {t("acknowledge")}
              </Button>
            ))}
          {may && !a.muted && (
            <Button variant="default" size="xs" leftSection={<IconBellOff size={15} aria-hidden />} onClick={() => setDialog("mute")}>
              {t("mute")}
            </Button>
          )}
        </Group>
      </Group>
      {release.error && <Problem error={release.error} />}
      <SimpleGrid cols={{ base: 1, md: a.facts.instead?.length ? 2 : 1 }} mt="sm" spacing="md">
        <div>
          <Text fz="xs" fw={650} c="dimmed">
            {t("cause")}
          </Text>
          <Text fz="sm" style={{ whiteSpace: "pre-line", overflowWrap: "anywhere" }}>
            {known(a)}
          </Text>
          {a.acknowledged?.reason && (
            <Text fz="sm" mt={4} c="dimmed">
              {t("care_reason", { who: a.acknowledged.by, reason: a.acknowledged.reason })}
            </Text>
          )}
          {a.muted && (
            <Text fz="sm" mt={4} c="dimmed">
              {t("muted_by", { who: a.muted.by, reason: a.muted.reason })} <Moment at={a.muted.ends_at} />
            </Text>
          )}
        </div>
        {a.facts.instead && a.facts.instead.length > 0 && <Instead list={a.facts.instead} />}
      </SimpleGrid>
      {dialog === "acknowledge" && <Acknowledge a={a} onClose={() => setDialog(undefined)} />}
      {dialog === "mute" && <MuteDialog a={a} onClose={() => setDialog(undefined)} />}
    </Card>
  );
}

/** The text without what stands beside it: since when, and what clients get instead. */
export function known(a: Pick<Alert, "text" | "since" | "facts">): string {
  const since = `${a.since.slice(0, 10)} ${a.since.slice(11, 19)}`;
  const beside = (line: string) =>
    (a.facts.instead ?? []).some((i) => i.values?.length && line.includes(i.domain) && i.values.every((v) => line.includes(v)));
  return a.text
    .split("\n")
    .filter((line, i) => !(i === 0 && line.includes(since)) && !beside(line))
    .join("\n");
}

function Instead({ list }: { list: Schemas["AlertInstead"][] }) {
  const { t } = useTranslation("alerts");
  const line = useLineName();
  return (
    <div>
      <Text fz="xs" fw={650} c="dimmed">
        {t("instead")}
      </Text>
      {list.map((i) => (
        <Text key={`${i.domain}${i.line}`} fz="sm" component="p" m={0}>
          <ObjectLink kind="access_domain" name={i.domain} /> · {line(i.line)}:{" "}
          {i.basis === "nodata" ? (
            <Text span inherit c="var(--m-state-red)">
              {t("gets_nothing")}
            </Text>
          ) : (
            <>
              {i.basis === "last_resort" && `${t("last_resort")} `}
              {(i.pools ?? []).join(", ")}
              {i.values?.length ? ` (${i.values.join(", ")})` : ""}
            </>
          )}
        </Text>
      ))}
    </div>
  );
}

function Acknowledge({ a, onClose }: { a: Alert; onClose: () => void }) {
  const { t } = useTranslation("alerts");
  const [reason, setReason] = useState("");
  const act = $api.useMutation("post", "/api/v1/alerts/active/{id}/acknowledge", {
    onSuccess: () => {
      refresh("/alerts");
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("acknowledge_title")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          act.mutate({ params: { path: { id: String(a.id) } }, body: reason.trim() ? { reason: reason.trim() } : {} });
        }}
      >
        <Stack gap="sm">
          <Text fz="sm">{t("acknowledge_about", { title: a.title })}</Text>
          <Textarea
            label={t("reason_optional")}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            autosize
            minRows={2}
            data-autofocus
            maxLength={1024}
          />
          {act.error && <Problem error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            <Button type="submit" loading={act.isPending}>
              {t("acknowledge")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const lengths = ["1h", "4h", "24h", "72h", "168h", "720h"] as const;

function MuteDialog({ a, onClose }: { a: Alert; onClose: () => void }) {
  const { t } = useTranslation("alerts");
  const [scope, setScope] = useState("both");
  const [length, setLength] = useState<string>("4h");
  const [reason, setReason] = useState("");
  const act = $api.useMutation("post", "/api/v1/alerts/mutes", {
    onSuccess: () => {
      refresh("/alerts");
      onClose();
    },
  });
  const event = t(`event.${a.event}`, a.event);
  const object = `${t(`kind.${a.kind}`, a.kind)} ${a.object}`;
  return (
    <Modal opened onClose={onClose} title={t("mute_title")} closeButtonProps={{ "aria-label": t("common:action.close") }}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!reason.trim()) return;
          act.mutate({
            body: {
              for: length,
              reason: reason.trim(),
              ...(scope === "object" ? {} : { event: a.event }),
              ...(scope === "event" ? {} : { kind: a.kind, object: a.object }),
            },
          });
        }}
      >
        <Stack gap="sm">
          <Text fz="sm">{t("mute_about")}</Text>
          <Select
            label={t("mute_scope")}
            value={scope}
            onChange={(v) => setScope(v ?? "both")}
            data={[
              { value: "both", label: t("mute_both", { event, object }) },
              { value: "object", label: t("mute_object", { object }) },
              { value: "event", label: t("mute_event", { event }) },
            ]}
          />
          <Select
            label={t("mute_for")}
            value={length}
            onChange={(v) => setLength(v ?? "4h")}
            data={lengths.map((v) => ({ value: v, label: t(`length.${v}`) }))}
          />
          <Textarea
            label={t("reason")}
            description={t("reason_about")}
            value={reason}
            onChange={(e) => setReason(e.currentTarget.value)}
            autosize
            minRows={2}
            required
            maxLength={1024}
            data-autofocus
          />
          {act.error && <Problem error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            <Button type="submit" loading={act.isPending} disabled={!reason.trim()}>
              {t("mute")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Mutes({ list }: { list: Schemas["AlertMute"][] }) {
  const { t } = useTranslation("alerts");
  const may = useCan("operator");
  const end = $api.useMutation("delete", "/api/v1/alerts/mutes/{id}", { onSuccess: () => refresh("/alerts") });
  return (
    <Card withBorder>
      <Title order={2} mb="xs">
        {t("mutes")}
      </Title>
      {end.error && <Problem error={end.error} />}
      <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("mutes")}>
        {list.map((m) => (
          <li key={m.id}>
            <Note variant="light" color="gray" icon={<IconBellOff aria-hidden />} styles={{ body: { minWidth: 0 } }}>
              <Group justify="space-between" gap="sm">
                <div>
                  <Text fz="sm" fw={600}>
                    {m.event ? t(`event.${m.event}`, m.event) : t("any_event")}
                    {" · "}
                    {m.object ? <Thing kind={m.kind ?? ""} object={m.object} /> : t("any_object")}
                  </Text>
                  <Text fz="sm">
                    {t("muted_by", { who: m.by, reason: m.reason })} <Moment at={m.ends_at} />
                  </Text>
                </div>
                {may && (
                  <Button
                    size="xs"
                    variant="default"
                    loading={end.isPending}
                    onClick={() => end.mutate({ params: { path: { id: m.id } } })}
                  >
                    {t("unmute")}
                  </Button>
                )}
              </Group>
            </Note>
          </li>
        ))}
      </Stack>
    </Card>
  );
}
