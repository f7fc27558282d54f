import { Anchor, Button, Card, List, ScrollArea, Skeleton, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Moment } from "@/components/Time";
import { Row } from "./Settings";

// Those whose data is used ask to be named wherever it is (NOTICE).
const sources = [
  { name: "IP Geolocation by DB-IP", url: "https://db-ip.com", licence: "CC BY 4.0", for: "places" },
  { name: "Route Views Project, University of Oregon", url: "https://www.routeviews.org", licence: "CC BY 4.0", for: "networks" },
  {
    name: "Number Resource Organization, extended delegation statistics",
    url: "https://www.nro.net",
    licence: "CC BY 4.0",
    for: "countries",
  },
  { name: "Natural Earth", url: "https://www.naturalearthdata.com", licence: "", for: "map" },
] as const;

export function About() {
  const { t } = useTranslation("settings");
  const { data, error } = $api.useQuery("get", "/api/v1/status");
  const [open, setOpen] = useState(false);
  const notices = useQuery({
    queryKey: ["licences"],
    enabled: open,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const r = await fetch("/licenses.md");
      if (!r.ok) throw new Error(`${r.status}`);
      return r.text();
    },
  });
  return (
    <Page title={t("about_page.title")} about={t("about_page.about")}>
      {error && <Problem error={error} />}
      <Card withBorder>
        <Title order={2} mb="xs">
          {t("about_page.this")}
        </Title>
        {!data ? (
          <Skeleton height={120} />
        ) : (
          <Table>
            <Table.Tbody>
              <Row label={t("about_page.version")}>{data.version}</Row>
              <Row label={t("about_page.started")}>
                <Moment at={data.started} />
              </Row>
              <Row label={t("about_page.store")}>{data.store}</Row>
              <Row label={t("about_page.geo")}>{data.geo_map ? <span className="mono">{data.geo_map}</span> : t("dns.no_geo")}</Row>
              <Row label={t("about_page.licence")}>Apache-2.0 · © 2026 The Meridian Authors</Row>
              <Row label={t("about_page.api")}>
                <Anchor href="/api/docs" fz="sm">
                  {t("about_page.docs")}
                </Anchor>{" "}
                ·{" "}
                <Anchor href="/api/openapi.json" fz="sm">
                  OpenAPI
                </Anchor>
              </Row>
            </Table.Tbody>
          </Table>
        )}
      </Card>
      <Card withBorder>
        <Title order={2} mb="xs">
          {t("about_page.sources")}
        </Title>
        <List fz="sm" spacing={6}>
          {sources.map((s) => (
            <List.Item key={s.url}>
              <Anchor href={s.url} target="_blank" rel="noreferrer" fz="sm">
                {s.name}
              </Anchor>
              , {s.licence || t("about_page.public_domain")}: {t(`about_page.for_${s.for}`)}
            </List.Item>
          ))}
        </List>
        <Text fz="sm" c="dimmed" mt="sm">
          {t("about_page.borders")}
        </Text>
      </Card>
      <Card withBorder>
        <Title order={2} mb="xs">
          {t("about_page.notices")}
        </Title>
        <Text fz="sm" mb="sm">
          {t("about_page.notices_about")}
        </Text>
        {!open ? (
          <Button variant="default" onClick={() => setOpen(true)}>
            {t("about_page.show")}
          </Button>
        ) : notices.error ? (
          <Text fz="sm">{t("about_page.no_notices")}</Text>
        ) : !notices.data ? (
          <Skeleton height={200} />
        ) : (
          <ScrollArea h={400} type="auto" tabIndex={0} aria-label={t("about_page.notices")}>
            <Text component="pre" fz="xs" style={{ whiteSpace: "pre-wrap" }}>
              {notices.data}
            </Text>
          </ScrollArea>
        )}
      </Card>
    </Page>
  );
}
