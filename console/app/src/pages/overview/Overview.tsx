import { Card, Group, List, SimpleGrid, Skeleton, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { number } from "@/lib/format";

export function Overview() {
  const { t } = useTranslation("overview");
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/status");
  return (
    <Page title={t("title")} about={t("about")}>
      {error && <Problem error={error} retry={() => void refetch()} />}
      <Card withBorder>
        <Title order={2} mb="sm">
          {t("alarms")}
        </Title>
        {!data ? (
          <Skeleton height={18} width="40%" />
        ) : data.alarms.length === 0 ? (
          <Text fz="sm">{t("no_alarms")}</Text>
        ) : (
          <List fz="sm">
            {data.alarms.map((a) => (
              <List.Item key={JSON.stringify(a)}>{a.text}</List.Item>
            ))}
          </List>
        )}
      </Card>
      <Card withBorder>
        <Title order={2} mb="sm">
          {t("counts")}
        </Title>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          {Object.entries(data?.objects ?? {}).map(([kind, n]) => (
            <Group key={kind} justify="space-between">
              <Text fz="sm">{t(`common:kind.${kind}`)}</Text>
              <Text fw={650}>{number(n as number)}</Text>
            </Group>
          ))}
        </SimpleGrid>
      </Card>
    </Page>
  );
}
