import { Card, Group, Text, Title } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { number } from "@/lib/format";

export function AllWell() {
  const { t } = useTranslation("overview");
  return (
    <Card withBorder>
      <Group gap="sm" wrap="nowrap">
        <IconCircleCheck size={28} color="var(--m-state-green)" aria-hidden />
        <div>
          <Title order={2}>{t("all_well")}</Title>
          <Text fz="sm" c="dimmed">
            {t("all_well_about")}
          </Text>
        </div>
      </Group>
    </Card>
  );
}

export function total(counts: Record<string, number> | undefined): string {
  return number(Object.values(counts ?? {}).reduce((a, b) => a + b, 0));
}
