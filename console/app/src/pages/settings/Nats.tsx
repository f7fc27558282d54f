import { Button, Card, Code, Group, ScrollArea, Skeleton, Text, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "@/api/client";
import { CopyLine } from "@/components/CopyLine";
import { Problem } from "@/components/Problem";

/** Users for the configuration of a NATS server of one's own; none is needed where control runs its own. */
export function Nats() {
  const { t } = useTranslation("settings");
  const { data, error, isPending } = useQuery({
    queryKey: ["get", "/api/v1/nats-config"],
    retry: false,
    queryFn: async ({ signal }): Promise<string | null> => {
      try {
        return (await api.GET("/api/v1/nats-config", { parseAs: "text", signal })).data ?? "";
      } catch (err) {
        if (err instanceof ApiError && err.status === 422) return null; // control runs its own server
        throw err;
      }
    },
  });
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2}>{t("nats.title")}</Title>
        {data && (
          <Button
            component="a"
            href="/api/v1/nats-config"
            download="meridian-nats.conf"
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("common:action.download")}
          </Button>
        )}
      </Group>
      {error ? (
        <Problem error={error} />
      ) : isPending ? (
        <Skeleton height={40} />
      ) : data === null ? (
        <Text fz="sm">{t("nats.own")}</Text>
      ) : (
        <>
          <Text fz="sm" c="dimmed" mb="xs">
            {t("nats.about")}
          </Text>
          <ScrollArea.Autosize mah={320}>
            <Code block>{data}</Code>
          </ScrollArea.Autosize>
          <CopyLine text="nats-server --signal reload" />
        </>
      )}
    </Card>
  );
}
