// What a custom line would hold, as the server says of the networks in the form: whether a client is in, which
// lines it has besides, and what other lines claim some of the same networks.
import { Group, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "@/api/client";
import { Problem, problemOf } from "@/components/Problem";
import { number } from "@/lib/format";
import { countryName, useLineName } from "@/lib/lines";

export function LineMatch({ name, cidrs }: { name: string; cidrs: string[] }) {
  const { t } = useTranslation("edit");
  const nameOf = useLineName();
  const [client, setClient] = useState("");
  const [asked] = useDebouncedValue({ name, cidrs, client: client.trim() }, 350);
  const { data, error, isLoading } = useQuery({
    queryKey: ["post", "/api/v1/lines/match", asked],
    queryFn: async ({ signal }) => {
      const { data } = await api.POST("/api/v1/lines/match", {
        body: { cidrs: asked.cidrs, ...(asked.name ? { name: asked.name } : {}), ...(asked.client ? { client: asked.client } : {}) },
        signal,
      });
      return data;
    },
    enabled: asked.cidrs.length > 0 || asked.client !== "",
    placeholderData: keepPreviousData,
    retry: (n, err) => n < 2 && !(err instanceof ApiError),
  });
  const bad = problemOf(error)?.errors?.find((e) => e.field === "client");
  const draft = data?.draft;
  const of = data?.client;
  return (
    <Stack gap="xs">
      {isLoading && <Skeleton height={18} width="60%" />}
      {draft && (
        <Stack gap={2}>
          {draft.places.length > 0 && (
            <Text fz="sm">
              {t("match.places")}{" "}
              {draft.places
                .slice(0, 6)
                .map((p) => `${p.country ? (countryName(p.country) ?? p.country) : t("match.nowhere")} ${number(p.networks)}`)
                .join(t("comma"))}
            </Text>
          )}
          {draft.duplicate > 0 && <Text fz="sm">{t("match.duplicate", { count: draft.duplicate, n: number(draft.duplicate) })}</Text>}
          {draft.inside > 0 && <Text fz="sm">{t("match.inside", { count: draft.inside, n: number(draft.inside) })}</Text>}
          {draft.overlaps.map((o) => (
            <Text fz="sm" key={o.line} c="var(--m-state-yellow)">
              {t("match.overlap", { line: nameOf(o.line) })}{" "}
              {[
                o.narrower > 0 ? t("match.narrower", { count: o.narrower, n: number(o.narrower) }) : "",
                o.wider > 0 ? t("match.wider", { count: o.wider, n: number(o.wider) }) : "",
                o.equal > 0 ? t("match.equal", { count: o.equal, n: number(o.equal) }) : "",
              ]
                .filter(Boolean)
                .join(t("comma"))}
            </Text>
          ))}
        </Stack>
      )}
      <TextInput
        label={t("match.client")}
        description={t("match.about")}
        placeholder="198.51.100.7"
        value={client}
        onChange={(e) => setClient(e.currentTarget.value)}
        error={bad ? t("match.no_ip") : undefined}
        spellCheck={false}
        autoComplete="off"
      />
      {error && !bad && <Problem error={error} />}
      <Stack gap={2} mih={22} aria-live="polite">
        {of && asked.client && !bad && (
          <>
            <Group gap={6} wrap="nowrap">
              {of.in_draft ? (
                <IconCircleCheck size={16} aria-hidden color="var(--m-state-green)" />
              ) : (
                <IconCircleX size={16} aria-hidden color="var(--m-state-gray)" />
              )}
              <Text fz="sm">{of.in_draft ? t("match.hit", { cidr: of.in_draft }) : t("match.miss")}</Text>
            </Group>
            <Text fz="sm" c="dimmed">
              {t("match.lines")} {of.lines.map((l) => nameOf(l.code)).join(" › ")}
            </Text>
          </>
        )}
      </Stack>
    </Stack>
  );
}
