// What is told of one access domain: inherited, or its own. For the domain's page and the canvas.
import { Button, Group, MultiSelect, Skeleton, Stack, Switch, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, refresh, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Problem } from "@/components/Problem";
import { Section } from "@/components/Section";
import { words } from "@/i18n";
import { useEvents } from "./words";

void words("alerts")();

/** name and type of the access domain, like gtm.example.com and A. */
export function DomainAlerts({ name, type }: { name: string; type: string }) {
  const { ready } = useTranslation("alerts", { useSuspense: false });
  const path = { name, type };
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/alerts/domains/{name}/{type}", { params: { path } });
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  if (!data || !ready) return <Skeleton height={190} />;
  return <Form key={`${name}/${type} ${data.version}`} path={path} d={data} />;
}

/** The same as a part of a page, with its heading. */
export function DomainAlertsSection({ name, type }: { name: string; type: string }) {
  const { t, ready } = useTranslation("alerts", { useSuspense: false });
  if (!ready) return <Skeleton height={240} />;
  return (
    <Section title={t("domain.title")}>
      <DomainAlerts name={name} type={type} />
    </Section>
  );
}

function Form({ path, d }: { path: { name: string; type: string }; d: Schemas["AlertDomain"] }) {
  const { t } = useTranslation("alerts");
  const may = useCan("admin");
  const events = useEvents();
  const channels = $api.useQuery("get", "/api/v1/alerts/channels", { params: { query: { limit: 200 } } });
  const [error, setError] = useState<unknown>();
  const own = d.version > 0;
  const form = useForm({
    initialValues: {
      off: d.off && !d.inherits.off,
      ownChannels: !d.inherits.channels,
      channels: d.channels,
      ownEvents: !d.inherits.events,
      events: d.events,
    },
  });
  const put = $api.useMutation("put", "/api/v1/alerts/domains/{name}/{type}");
  const inherit = $api.useMutation("delete", "/api/v1/alerts/domains/{name}/{type}");
  const act = async (f: () => Promise<unknown>) => {
    setError(undefined);
    try {
      await f();
      refresh("/alerts");
    } catch (err) {
      setError(err);
    }
  };
  const v = form.values;
  return (
    <form
      onSubmit={form.onSubmit((v) =>
        act(() =>
          put.mutateAsync({
            params: { path, header: { "If-Match": String(d.version) } },
            body: { off: v.off, ...(v.ownChannels ? { channels: v.channels } : {}), ...(v.ownEvents ? { events: v.events } : {}) },
          }),
        ),
      )}
    >
      <Stack gap="sm">
        <Text fz="sm" c="dimmed">
          {t(own ? "domain.own" : "domain.inherits")}
        </Text>
        {d.inherits.off && (
          <Text fz="sm" c="var(--m-state-orange)">
            {t("rules.off")}: {t("rules.off_about")}
          </Text>
        )}
        <Switch label={t("domain.off_label")} disabled={!may} {...form.getInputProps("off", { type: "checkbox" })} />
        {!v.off && (
          <>
            <Switch label={t("domain.own_channels")} disabled={!may} {...form.getInputProps("ownChannels", { type: "checkbox" })} />
            {v.ownChannels ? (
              <MultiSelect
                aria-label={t("rules.channels")}
                data={(channels.data?.items ?? []).map((c) => c.name)}
                readOnly={!may}
                placeholder={v.channels.length === 0 ? t("rules.all_channels") : undefined}
                {...form.getInputProps("channels")}
              />
            ) : (
              <Text fz="sm" c="dimmed">
                {d.inherits.channels && d.channels.length > 0 ? d.channels.join(", ") : t("rules.all_channels")}
              </Text>
            )}
            <Switch label={t("domain.own_events")} disabled={!may} {...form.getInputProps("ownEvents", { type: "checkbox" })} />
            {v.ownEvents ? (
              <MultiSelect
                aria-label={t("rules.event")}
                data={events.map((e) => ({ value: e.code, label: t(`event.${e.code}`, e.code) }))}
                readOnly={!may}
                {...form.getInputProps("events")}
              />
            ) : (
              <Text fz="sm" c="dimmed">
                {d.events.length === events.length ? t("channel.all_events") : d.events.map((e) => t(`event.${e}`, e)).join(" · ")}
              </Text>
            )}
          </>
        )}
        {error !== undefined && <Problem error={error} />}
        {may && (
          <Group justify="flex-end" gap="xs">
            {own && (
              <Button
                variant="default"
                loading={inherit.isPending}
                onClick={() => void act(() => inherit.mutateAsync({ params: { path } }))}
              >
                {t("domain.inherit")}
              </Button>
            )}
            <Button type="submit" loading={put.isPending} disabled={!form.isDirty()}>
              {t("common:action.save")}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
