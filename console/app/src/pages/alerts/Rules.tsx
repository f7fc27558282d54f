// The rules that hold where an access domain has none of its own.
import {
  Anchor,
  Button,
  Card,
  Checkbox,
  Group,
  MultiSelect,
  Alert as Note,
  NumberInput,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Switch,
  Table,
  Text,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refresh, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem, problemOf } from "@/components/Problem";
import { sayFinding } from "@/i18n/say";
import { seconds } from "@/lib/format";
import { withEvents } from "./channel";
import { type Channel, SeverityBadge, severities, shortDuration, useEvents } from "./words";

type Settings = Schemas["AlertSettings"];
const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const times = ["min_duration", "clear_after", "group_wait", "repeat_every"] as const;
const spans = ["node_lagging", "node_gone", "data_stale"] as const;

function useSettings() {
  return useQuery({
    queryKey: ["get", "/api/v1/alerts/settings"],
    queryFn: async ({ signal }) => {
      const { data, response } = await api.GET("/api/v1/alerts/settings", { signal });
      return { settings: data as Settings, etag: response.headers.get("ETag") ?? "*" };
    },
  });
}

export function Rules() {
  const { t } = useTranslation("alerts");
  const { data, error, refetch } = useSettings();
  const channels = $api.useQuery("get", "/api/v1/alerts/channels", { params: { query: { limit: 200 } } });
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  if (!data || !channels.data)
    return (
      <Stack>
        <Skeleton height={320} />
        <Skeleton height={320} />
      </Stack>
    );
  return (
    <Stack gap="md">
      {!data.settings.enabled && (
        <Note color="yellow" variant="light" title={t("rules.off")}>
          {t("rules.off_about")}
        </Note>
      )}
      <Matrix settings={data.settings} etag={data.etag} channels={channels.data.items} />
      <Form key={data.etag} settings={data.settings} etag={data.etag} channels={channels.data.items} />
      <Domains />
    </Stack>
  );
}

/** Which alerts are told, and to which channels. */
function Matrix({ settings, etag, channels }: { settings: Settings; etag: string; channels: Channel[] }) {
  const { t } = useTranslation("alerts");
  const may = useCan("admin");
  const events = useEvents();
  const [failed, setFailed] = useState<unknown>();
  const patch = $api.useMutation("patch", "/api/v1/alerts/settings");
  const put = $api.useMutation("put", "/api/v1/alerts/channels/{name}");
  const busy = patch.isPending || put.isPending;
  const chosen = settings.channels.length > 0 ? channels.filter((c) => settings.channels.includes(c.name)) : channels;
  const act = async (f: () => Promise<unknown>) => {
    setFailed(undefined);
    try {
      await f();
    } catch (err) {
      setFailed(err);
    }
    refresh("/alerts");
  };
  const told = (code: string, yes: boolean) =>
    act(() =>
      patch.mutateAsync({
        params: { header: { "If-Match": etag } },
        body: { events: yes ? [...settings.events, code] : settings.events.filter((e) => e !== code) } as never,
      }),
    );
  const hears = (c: Channel, code: string) => !c.events?.length || c.events.includes(code);
  const hear = (c: Channel, code: string, yes: boolean) => {
    const all = events.map((e) => e.code);
    const next = all.filter((e) => (e === code ? yes : hears(c, e)));
    return act(() =>
      put.mutateAsync({
        params: { path: { name: c.name }, header: { "If-Match": String(c.version) } },
        body: withEvents(c, next.length === all.length ? undefined : next),
      }),
    );
  };
  return (
    <Card withBorder component="section" aria-label={t("rules.matrix")}>
      <Title order={2}>{t("rules.matrix")}</Title>
      <Text fz="sm" c="dimmed" mb="sm" maw={760}>
        {t("rules.matrix_about")}
      </Text>
      {failed !== undefined && <Problem error={failed} />}
      <Table.ScrollContainer minWidth={0} type="native" tabIndex={0} aria-label={t("rules.matrix")} role="region">
        <Table aria-label={t("rules.matrix")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("rules.event")}</Table.Th>
              <Table.Th visibleFrom="sm">{t("col.severity")}</Table.Th>
              <Table.Th>{t("rules.told")}</Table.Th>
              {chosen.map((c) => (
                <Table.Th key={c.name}>{c.name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {events.map((e) => {
              const on = settings.events.includes(e.code);
              const name = t(`event.${e.code}`, e.code);
              return (
                <Table.Tr key={e.code}>
                  <Table.Th scope="row" fw={400}>
                    <Tooltip label={t(`event_about.${e.code}`, e.description)} multiline maw={340}>
                      <span>{name}</span>
                    </Tooltip>
                  </Table.Th>
                  <Table.Td visibleFrom="sm">
                    <SeverityBadge severity={e.severity} />
                  </Table.Td>
                  <Table.Td>
                    <Checkbox
                      aria-label={t("rules.tell", { event: name })}
                      checked={on}
                      disabled={!may || busy}
                      onChange={(x) => void told(e.code, x.currentTarget.checked)}
                    />
                  </Table.Td>
                  {chosen.map((c) => {
                    const grave = severities.indexOf(e.severity as (typeof severities)[number]) >= severities.indexOf(c.min_severity);
                    const last = hears(c, e.code) && c.events?.length === 1;
                    return (
                      <Table.Td key={c.name}>
                        <Tooltip
                          label={!grave ? t("rules.too_mild", { severity: t(`severity.${c.min_severity}`) }) : t("rules.last_event")}
                          disabled={grave && !last}
                        >
                          <Checkbox
                            aria-label={t("rules.tell_to", { event: name, channel: c.name })}
                            checked={on && grave && hears(c, e.code)}
                            disabled={!may || busy || !on || !grave || last}
                            onChange={(x) => void hear(c, e.code, x.currentTarget.checked)}
                          />
                        </Tooltip>
                      </Table.Td>
                    );
                  })}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {channels.length === 0 && (
        <Text fz="sm" c="dimmed" mt="xs">
          {t("rules.no_channels")}
        </Text>
      )}
    </Card>
  );
}

function Form({ settings, etag, channels }: { settings: Settings; etag: string; channels: Channel[] }) {
  const { t } = useTranslation("alerts");
  const may = useCan("admin");
  const [error, setError] = useState<unknown>();
  const { min_duration, clear_after, group_wait, repeat_every } = settings;
  const form = useForm({
    initialValues: {
      enabled: settings.enabled,
      channels: settings.channels,
      min_duration: shortDuration(min_duration),
      clear_after: shortDuration(clear_after),
      group_wait: shortDuration(group_wait),
      repeat_every: shortDuration(repeat_every),
      console_url: settings.console_url,
      quiet_hours: settings.quiet_hours,
      thresholds: {
        ...settings.thresholds,
        node_lagging: shortDuration(settings.thresholds.node_lagging),
        node_gone: shortDuration(settings.thresholds.node_gone),
        data_stale: shortDuration(settings.thresholds.data_stale),
      },
    },
    validate: Object.fromEntries(times.map((k) => [k, (v: string) => (seconds(v) === undefined ? t("rules.duration") : null)])),
  });
  const patch = $api.useMutation("patch", "/api/v1/alerts/settings");
  const save = form.onSubmit(async (v) => {
    setError(undefined);
    try {
      await patch.mutateAsync({ params: { header: { "If-Match": etag } }, body: v as never });
      notifications.show({ message: t("rules.saved"), color: "green", closeButtonProps: { "aria-label": t("common:action.close") } });
      refresh("/alerts");
    } catch (err) {
      setError(err);
      for (const f of problemOf(err)?.errors ?? []) form.setFieldError((f.field ?? "").replace(/\[\d+\]$/, ""), sayFinding(f));
    }
  });
  const here = window.location.origin;
  return (
    <form onSubmit={save} noValidate>
      <Card withBorder component="fieldset" disabled={!may} m={0}>
        <Stack gap="lg">
          <Stack gap="sm">
            <Title order={2}>{t("rules.telling")}</Title>
            <Switch
              label={t("rules.enabled")}
              description={t("rules.enabled_about")}
              {...form.getInputProps("enabled", { type: "checkbox" })}
            />
            <MultiSelect
              label={t("rules.channels")}
              description={t("rules.channels_about")}
              placeholder={form.values.channels.length === 0 ? t("rules.all_channels") : undefined}
              data={channels.map((c) => c.name)}
              maw={560}
              {...form.getInputProps("channels")}
            />
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
              {times.map((k) => (
                <TextInput key={k} label={t(`rules.${k}`)} description={t(`rules.${k}_about`)} {...form.getInputProps(k)} />
              ))}
            </SimpleGrid>
            <Group align="flex-end" gap="xs">
              <TextInput
                label={t("rules.console_url")}
                description={t("rules.console_url_about")}
                w={{ base: "100%", sm: 420 }}
                {...form.getInputProps("console_url")}
              />
              {form.values.console_url !== here && (
                <Button variant="default" onClick={() => form.setFieldValue("console_url", here)}>
                  {t("rules.use_this", { url: here })}
                </Button>
              )}
            </Group>
          </Stack>
          <Stack gap="sm">
            <Title order={2}>{t("rules.quiet")}</Title>
            <Switch
              label={t("rules.quiet_on")}
              description={t("rules.quiet_about")}
              {...form.getInputProps("quiet_hours.enabled", { type: "checkbox" })}
            />
            {form.values.quiet_hours.enabled && (
              <SimpleGrid cols={{ base: 1, sm: 2, lg: 5 }}>
                <TextInput type="time" label={t("rules.quiet_from")} {...form.getInputProps("quiet_hours.from")} />
                <TextInput type="time" label={t("rules.quiet_until")} {...form.getInputProps("quiet_hours.until")} />
                <MultiSelect
                  label={t("rules.quiet_days")}
                  placeholder={form.values.quiet_hours.days.length === 0 ? t("rules.every_day") : undefined}
                  data={days.map((d) => ({ value: d, label: t(`day.${d}`) }))}
                  {...form.getInputProps("quiet_hours.days")}
                />
                <Select
                  label={t("rules.quiet_zone")}
                  searchable
                  data={zones(form.values.quiet_hours.time_zone)}
                  {...form.getInputProps("quiet_hours.time_zone")}
                />
                <Select
                  label={t("rules.let_through")}
                  data={[
                    ...severities.map((v) => ({ value: v as string, label: t("rules.from_severity", { severity: t(`severity.${v}`) }) })),
                    { value: "none", label: t("rules.nothing_through") },
                  ]}
                  {...form.getInputProps("quiet_hours.let_through")}
                />
              </SimpleGrid>
            )}
          </Stack>
          <Stack gap="sm">
            <Title order={2}>{t("rules.thresholds")}</Title>
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
              {spans.map((k) => (
                <TextInput key={k} label={t(`rules.${k}`)} description={t(`rules.${k}_about`)} {...form.getInputProps(`thresholds.${k}`)} />
              ))}
              <NumberInput
                label={t("rules.certificate_days")}
                min={1}
                max={3650}
                {...form.getInputProps("thresholds.certificate_days")}
                description={t("rules.certificate_days_about")}
              />
              <NumberInput
                label={t("rules.geo_days")}
                min={1}
                max={3650}
                {...form.getInputProps("thresholds.geo_days")}
                description={t("rules.geo_days_about")}
              />
              <NumberInput
                label={t("rules.traffic_factor")}
                min={1.5}
                max={1000}
                step={0.5}
                {...form.getInputProps("thresholds.traffic_factor")}
                description={t("rules.traffic_factor_about")}
              />
              <NumberInput
                label={t("rules.traffic_empty")}
                min={0.01}
                max={1}
                step={0.05}
                {...form.getInputProps("thresholds.traffic_empty")}
                description={t("rules.traffic_empty_about")}
              />
              <NumberInput
                label={t("rules.traffic_floor")}
                min={0.01}
                max={1e6}
                step={1}
                {...form.getInputProps("thresholds.traffic_floor")}
                description={t("rules.traffic_floor_about")}
              />
            </SimpleGrid>
          </Stack>
          {error !== undefined && <Problem error={error} />}
          {may ? (
            <Group justify="flex-end">
              <Button variant="default" disabled={!form.isDirty()} onClick={() => form.reset()}>
                {t("rules.undo")}
              </Button>
              <Button type="submit" loading={patch.isPending} disabled={!form.isDirty()}>
                {t("common:action.save")}
              </Button>
            </Group>
          ) : (
            <Text fz="sm" c="dimmed">
              {t("rules.for_admins")}
            </Text>
          )}
        </Stack>
      </Card>
    </form>
  );
}

function zones(held: string): string[] {
  const all = Intl.supportedValuesOf("timeZone");
  const known = ["UTC", Intl.DateTimeFormat().resolvedOptions().timeZone, ...all];
  return [...new Set(known.includes(held) ? known : [held, ...known])];
}

function Domains() {
  const { t } = useTranslation("alerts");
  const { data, error } = $api.useQuery("get", "/api/v1/alerts/domains", { params: { query: { limit: 200 } } });
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen((data?.items.length ?? 0) <= 20), [data]);
  return (
    <Card withBorder component="section" aria-label={t("domain.list")}>
      <Title order={2}>{t("domain.list")}</Title>
      <Text fz="sm" c="dimmed" mb="xs" maw={760}>
        {t("domain.list_about")}
      </Text>
      {error && <Problem error={error} />}
      {data?.items.length === 0 && <Text fz="sm">{t("domain.list_none")}</Text>}
      {(data?.items ?? []).slice(0, open ? undefined : 20).map((d) => (
        <Text key={d.domain} fz="sm">
          <ObjectLink kind="access_domain" name={d.domain} /> ·{" "}
          {d.off
            ? t("domain.off")
            : [
                d.inherits.channels ? "" : d.channels.join(", "),
                d.inherits.events ? "" : t("channel.some_events", { count: d.events.length, n: d.events.length }),
              ]
                .filter(Boolean)
                .join(" · ")}
        </Text>
      ))}
      {!open && data && data.items.length > 20 && (
        <Anchor component="button" type="button" fz="sm" mih={24} onClick={() => setOpen(true)}>
          {t("domain.more", { n: data.items.length - 20 })}
        </Anchor>
      )}
    </Card>
  );
}
