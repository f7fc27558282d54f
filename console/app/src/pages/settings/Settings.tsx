import { Alert, Badge, Button, Card, Group, SimpleGrid, Skeleton, Stack, Table, Tabs, Text, Title } from "@mantine/core";
import { IconArchive, IconHistory, IconKey, IconPencil, IconServer2, IconWorld } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { useCan } from "@/api/session";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { draftItem, useDraft } from "@/edit/draft";
import { useEdit } from "@/lib/edit";
import { duration } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { Backup } from "./Backup";
import { InviteNode } from "./InviteNode";
import { Keys } from "./Keys";
import { Nats } from "./Nats";
import { Retention } from "./Retention";

const tabs = [
  { key: "dns", icon: IconWorld },
  { key: "history", icon: IconHistory },
  { key: "keys", icon: IconKey },
  { key: "backup", icon: IconArchive, admin: true },
  { key: "nodes", icon: IconServer2, admin: true },
] as const;

export function Settings() {
  const { t } = useTranslation("settings");
  const admin = useCan("admin");
  const [search, set] = useSearchState<{ tab?: string }>();
  const shown = tabs.filter((x) => admin || !("admin" in x));
  const tab = shown.find((x) => x.key === search.tab)?.key ?? "dns";
  return (
    <Page title={t("title")} about={t("about")}>
      <Tabs value={tab} onChange={(v) => set({ tab: v === "dns" ? "" : (v ?? "") }, true)} keepMounted={false}>
        <Tabs.List>
          {shown.map(({ key, icon: I }) => (
            <Tabs.Tab key={key} value={key} leftSection={<I size={16} aria-hidden />}>
              {t(`tab.${key}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="dns" pt="md">
          <Dns />
        </Tabs.Panel>
        <Tabs.Panel value="history" pt="md">
          <Retention />
        </Tabs.Panel>
        <Tabs.Panel value="keys" pt="md">
          <Keys />
        </Tabs.Panel>
        <Tabs.Panel value="backup" pt="md">
          <Backup />
        </Tabs.Panel>
        <Tabs.Panel value="nodes" pt="md">
          <Stack gap="md">
            <Card withBorder>
              <Group justify="space-between">
                <div>
                  <Title order={2}>{t("nodes.title")}</Title>
                  <Text fz="sm" c="dimmed">
                    {t("nodes.about")}
                  </Text>
                </div>
                <Group gap="xs">
                  <Button component={Link} to={"/nodes" as string} variant="default">
                    {t("nodes.list")}
                  </Button>
                  <InviteNode />
                </Group>
              </Group>
            </Card>
            <Nats />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

export function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Td w={{ base: 150, sm: 260 }}>
        <Text fz="sm" c="dimmed">
          {label}
        </Text>
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{children}</Table.Td>
    </Table.Tr>
  );
}

function Dns() {
  const { t } = useTranslation("settings");
  const may = useCan("operator");
  const edit = useEdit();
  useDraft();
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/settings");
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  const soa = data?.soa;
  const seconds = (n: number | undefined) => (n === undefined ? "–" : `${n} s (${duration(n)})`);
  return (
    <Stack gap="md">
      {draftItem("settings", "settings") && (
        <Alert color="blue" variant="light">
          {t("dns.staged")}
        </Alert>
      )}
      <Card withBorder>
        <Group justify="space-between" mb="sm">
          <div>
            <Title order={2}>{t("dns.title")}</Title>
            <Text fz="sm" c="dimmed">
              {t("dns.about")}
            </Text>
          </div>
          {may && (
            <Button variant="default" leftSection={<IconPencil size={16} aria-hidden />} onClick={() => edit("settings", "settings")}>
              {t("common:action.edit")}
            </Button>
          )}
        </Group>
        {!data ? (
          <Skeleton height={260} />
        ) : (
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <Table>
              <Table.Tbody>
                <Row label={t("dns.nameservers")}>
                  {data.nameservers.map((n) => (
                    <div key={n}>{n}</div>
                  ))}
                </Row>
                <Row label={t("dns.contact")}>{soa?.contact}</Row>
                <Row label={t("dns.mname")}>{soa?.mname || data.nameservers[0]}</Row>
                <Row label={t("dns.negative_ttl")}>{seconds(soa?.negative_ttl)}</Row>
              </Table.Tbody>
            </Table>
            <Table>
              <Table.Tbody>
                <Row label={t("dns.ttl")}>{seconds(soa?.ttl)}</Row>
                <Row label={t("dns.refresh")}>{seconds(soa?.refresh)}</Row>
                <Row label={t("dns.retry")}>{seconds(soa?.retry)}</Row>
                <Row label={t("dns.expire")}>{seconds(soa?.expire)}</Row>
                <Row label={t("dns.geo")}>
                  {data.geo_map ? (
                    <Badge variant="default" styles={{ root: { textTransform: "none" } }} title={data.geo_map}>
                      {data.geo_map.slice(0, 12)}
                    </Badge>
                  ) : (
                    t("dns.no_geo")
                  )}
                </Row>
              </Table.Tbody>
            </Table>
          </SimpleGrid>
        )}
      </Card>
    </Stack>
  );
}
