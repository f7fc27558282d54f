import { Alert, Button, Card, Group, Menu, Select, SimpleGrid, Skeleton, Text, Title } from "@mantine/core";
import { modals } from "@mantine/modals";
import {
  IconChevronDown,
  IconDownload,
  IconFileImport,
  IconListCheck,
  IconPlayerPause,
  IconPlayerPlay,
  IconSettings,
  IconTrash,
} from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Warnings } from "@/changes/Warnings";
import { CopyLine } from "@/components/CopyLine";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { StateBadge } from "@/components/State";
import { Ago } from "@/components/Time";
import { draftItem, stage, useDraft } from "@/edit/draft";
import { useEdit } from "@/lib/edit";
import { number } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { Import } from "./Import";
import { Records } from "./Records";

type ZoneObject = Schemas["Zone"];

/** The zone as the API takes it: without what only the server says. */
function bodyOf(z: ZoneObject): Record<string, unknown> {
  return {
    name: z.name,
    enabled: z.enabled,
    ...(z.nameservers?.length ? { nameservers: z.nameservers } : {}),
    ...(z.soa && Object.keys(z.soa).length > 0 ? { soa: z.soa } : {}),
    ...(z.labels ? { labels: z.labels } : {}),
    ...(z.remark ? { remark: z.remark } : {}),
  };
}

export function Zone() {
  const { t } = useTranslation("zones");
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const may = useCan("operator");
  const edit = useEdit();
  const [search, set] = useSearchState<{ import?: string }>();
  useDraft();
  const { data: z, error, refetch } = $api.useQuery("get", "/api/v1/zones/{name}", { params: { path: { name } } });
  const settings = $api.useQuery("get", "/api/v1/settings");
  const [checked, setChecked] = useState<Schemas["Finding"][] | "busy">();
  const [checkError, setCheckError] = useState<unknown>();
  const staged = draftItem("zone", name);

  const put = (change: Record<string, unknown>) => {
    if (!z) return;
    const body = { ...(staged?.body ?? bodyOf(z)), ...change };
    stage({ kind: "zone", key: z.name, op: "put", body, base: { version: z.version, body: bodyOf(z) } });
  };
  const remove = () => {
    if (!z) return;
    modals.openConfirmModal({
      title: t("delete_title", { zone: z.name }),
      children: <Text fz="sm">{t("delete_about", { count: z.record_count ?? 0, n: number(z.record_count) })}</Text>,
      labels: { confirm: t("delete_confirm"), cancel: t("common:action.cancel") },
      confirmProps: { color: "red" },
      closeButtonProps: { "aria-label": t("common:action.close") },
      onConfirm: () => void stageDelete(z),
    });
  };
  // A zone goes with its records: each is in the draft and in the review.
  const stageDelete = async (zone: ZoneObject) => {
    let cursor: string | undefined;
    do {
      const { data } = await api.GET("/api/v1/records", {
        params: { query: { zone: zone.name, limit: 1000, ...(cursor ? { cursor } : {}) } },
      });
      for (const r of data?.items ?? [])
        stage({
          kind: "record",
          key: `${r.zone}/${r.name.replace(/\.$/, "")}/${r.type}`,
          op: "delete",
          base: { version: r.version, body: {} },
        });
      cursor = data?.next_cursor;
    } while (cursor);
    stage({ kind: "zone", key: zone.name, op: "delete", base: { version: zone.version, body: bodyOf(zone) } });
  };
  // The zone as it stands is laid over itself: what the server warns of is what is not well in it.
  const check = async () => {
    setChecked("busy");
    setCheckError(undefined);
    try {
      const { data: file } = await api.GET("/api/v1/zones/{name}/file", { params: { path: { name } }, parseAs: "text" });
      const { data } = await api.PUT("/api/v1/zones/{name}/file", {
        params: { path: { name }, query: { dry_run: true } },
        body: file as unknown as string,
        bodySerializer: (b: unknown) => b as string,
        headers: { "Content-Type": "text/dns" },
      });
      setChecked((data?.warnings ?? []).map(({ line: _, ...w }) => w));
    } catch (err) {
      setCheckError(err);
      setChecked(undefined);
    }
  };
  const soa = { ...settings.data?.soa, ...Object.fromEntries(Object.entries(z?.soa ?? {}).filter(([, v]) => v)) };
  const servers = z?.nameservers?.length ? z.nameservers : settings.data?.nameservers;
  return (
    <Page
      title={name}
      trail={[{ label: t("title"), to: "/zones" }]}
      about={z?.remark}
      state={z && (z.enabled ? <StateBadge state="ok" word={t("served")} /> : <StateBadge state="disabled" />)}
      actions={
        z && (
          <>
            <Button
              component="a"
              href={`/api/v1/zones/${encodeURIComponent(z.name)}/file`}
              download={`${z.name === "." ? "root" : z.name}.zone`}
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              {t("export")}
            </Button>
            {may && (
              <>
                <Button
                  variant="default"
                  leftSection={<IconFileImport size={16} aria-hidden />}
                  onClick={() => set({ import: "here" }, true)}
                >
                  {t("import.do")}
                </Button>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
                      {t("common:action.more")}
                    </Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item leftSection={<IconSettings size={16} aria-hidden />} onClick={() => edit("zone", z.name)}>
                      {t("settings")}
                    </Menu.Item>
                    <Menu.Item leftSection={<IconListCheck size={16} aria-hidden />} onClick={() => void check()}>
                      {t("check")}
                    </Menu.Item>
                    <Menu.Item
                      leftSection={z.enabled ? <IconPlayerPause size={16} aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
                      onClick={() => put({ enabled: !z.enabled })}
                    >
                      {t(z.enabled ? "common:action.disable" : "common:action.enable")}
                    </Menu.Item>
                    <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove}>
                      {t("common:action.delete")}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </>
            )}
          </>
        )
      }
    >
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <>
          {staged && (
            <Alert color="blue" variant="light">
              {t(staged.op === "delete" ? "zone_goes" : "zone_staged")}
            </Alert>
          )}
          {checkError !== undefined && <Problem error={checkError} />}
          {Array.isArray(checked) &&
            (checked.length === 0 ? (
              <Alert
                color="green"
                variant="light"
                withCloseButton
                closeButtonLabel={t("common:action.close")}
                onClose={() => setChecked(undefined)}
              >
                {t("check_good")}
              </Alert>
            ) : (
              <Warnings list={checked} />
            ))}
          <Card withBorder>
            <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm">
              <Fact label={t("serial")} ready={Boolean(z)}>
                {z?.serial}
              </Fact>
              <Fact label={t("records")} ready={Boolean(z)}>
                {number(z?.record_count)}
              </Fact>
              <Fact label={t("nameservers")} ready={Boolean(z && settings.data)}>
                {servers?.join(", ")}
                {!z?.nameservers?.length && <span className="muted"> ({t("from_settings")})</span>}
              </Fact>
              <Fact label={t("contact")} ready={Boolean(z && settings.data)}>
                {soa.contact}
              </Fact>
              <Fact label={t("negative_ttl")} ready={Boolean(z && settings.data)}>
                {soa.negative_ttl !== undefined ? `${soa.negative_ttl} s` : "–"}
              </Fact>
              <Fact label={t("updated")} ready={Boolean(z)}>
                <Ago at={z?.updated_at} />
              </Fact>
            </SimpleGrid>
          </Card>
          <Records zone={name} may={may} />
          {z && <Try zone={z.name} />}
        </>
      )}
      {search.import && may && <Import zone={name} onClose={() => set({ import: "" })} />}
    </Page>
  );
}

function Fact({ label, children, ready }: { label: string; children: ReactNode; ready: boolean }) {
  return (
    <div>
      <Text fz="xs" c="dimmed">
        {label}
      </Text>
      {ready ? (
        <Text fz="sm" component="div" style={{ overflowWrap: "anywhere" }}>
          {children}
        </Text>
      ) : (
        <Skeleton height={14} my={4} width="70%" />
      )}
    </div>
  );
}

/** "127.0.0.1:5300" as dig takes it; an address that stands for all is that of this machine. */
export function digAt(listen: string, host: string): string {
  const at = listen.lastIndexOf(":");
  const port = at >= 0 ? listen.slice(at + 1) : "53";
  const address = (at >= 0 ? listen.slice(0, at) : listen).replace(/^\[|\]$/g, "");
  const every = address === "" || address === "0.0.0.0" || address === "::";
  return `@${every ? host : address}${port === "53" ? "" : ` -p ${port}`}`;
}

function Try({ zone }: { zone: string }) {
  const { t } = useTranslation("zones");
  const nodes = $api.useQuery("get", "/api/v1/nodes", { params: { query: { limit: 1000 } } });
  const places = (nodes.data?.items ?? [])
    .filter((n) => n.state === "heard")
    .flatMap((n) => (n.dns ?? []).slice(0, 1).map((d) => ({ value: digAt(d, window.location.hostname), label: `${n.id} (${d})` })))
    .filter((p, i, all) => all.findIndex((x) => x.value === p.value) === i);
  const [chosen, setChosen] = useState<string>();
  const server = chosen ?? places[0]?.value ?? `@${window.location.hostname}`;
  const { data } = $api.useQuery("get", "/api/v1/records", { params: { query: { zone, enabled: "true", limit: 3 } } });
  const lines = [
    `dig ${server} ${zone} SOA +norecurse`,
    ...(data?.items ?? []).filter((r) => !r.hidden_by).map((r) => `dig ${server} ${r.name} ${r.type} +norecurse`),
  ];
  return (
    <Card withBorder>
      <Group justify="space-between" align="flex-end" mb="xs">
        <div>
          <Title order={2}>{t("try")}</Title>
          <Text fz="sm" c="dimmed">
            {t("try_about")}
          </Text>
        </div>
        {places.length > 1 && (
          <Select
            label={t("try_server")}
            data={places}
            value={server}
            onChange={(v) => setChosen(v ?? undefined)}
            w={{ base: "100%", xs: 260 }}
          />
        )}
      </Group>
      {lines.map((l) => (
        <CopyLine key={l} text={l} />
      ))}
    </Card>
  );
}
