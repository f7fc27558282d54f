// Which line a client has: tried with one address against the networks as they are in the form.
import { Group, Stack, Text, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { longest, parseIP } from "./cidr";

export function LineMatch({ cidrs }: { name: string; cidrs: string[] }) {
  const { t } = useTranslation("edit");
  const [client, setClient] = useState("");
  const ip = parseIP(client.trim());
  const hit = ip ? longest(cidrs, client.trim()) : undefined;
  return (
    <Stack gap={6}>
      <TextInput
        label={t("match.client")}
        description={t("match.about")}
        placeholder="198.51.100.7"
        value={client}
        onChange={(e) => setClient(e.currentTarget.value)}
        error={client && !ip ? t("match.no_ip") : undefined}
        spellCheck={false}
      />
      <Group gap={6} mih={22} aria-live="polite">
        {ip && hit && (
          <>
            <IconCircleCheck size={16} aria-hidden color="var(--m-state-green)" />
            <Text fz="sm">{t("match.hit", { cidr: hit })}</Text>
          </>
        )}
        {ip && !hit && (
          <>
            <IconCircleX size={16} aria-hidden color="var(--m-state-gray)" />
            <Text fz="sm">{t("match.miss")}</Text>
          </>
        )}
      </Group>
    </Stack>
  );
}
