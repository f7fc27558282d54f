import { Autocomplete, Box, Button, Card, CopyButton, Grid, Group, Loader, Select, Skeleton, Text } from "@mantine/core";
import { useDebouncedCallback, useDebouncedValue } from "@mantine/hooks";
import { IconCheck, IconLink, IconZoomQuestion } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { ExplainForm } from "@/explain/ExplainForm";
import { clientOf, clientText, type Question } from "@/explain/question";
import { Steps } from "@/explain/Steps";
import { useExplain } from "@/explain/useExplain";
import type { ExplainSearch } from "./area";

const route = getRouteApi("/shell/explain");

export function ExplainPage() {
  const { t } = useTranslation("explain");
  const search = route.useSearch() as ExplainSearch;
  const navigate = route.useNavigate();
  const q = useMemo(
    (): Question => ({
      name: search.name ?? "",
      type: search.type ?? "A",
      client: clientOf(search.client),
      down: search.down ? search.down.split(",").filter(Boolean) : [],
      draft: search.draft === true,
    }),
    [search],
  );
  const change = (c: Partial<Question>) => {
    const next = { ...q, ...c };
    void navigate({
      replace: true,
      search: {
        ...(next.name ? { name: next.name } : {}),
        ...(next.type !== "A" ? { type: next.type } : {}),
        ...(next.client.by !== "any" ? { client: clientText(next.client) } : {}),
        ...(next.down.length > 0 ? { down: next.down.join(",") } : {}),
        ...(next.draft ? { draft: true } : {}),
      } as never,
    });
  };
  const { explanation, error, asking, complete } = useExplain(q);

  return (
    <Page
      title={t("title")}
      about={t("about")}
      actions={
        q.name && (
          <CopyButton value={window.location.href}>
            {({ copied, copy }) => (
              <Button
                variant="default"
                leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconLink size={16} aria-hidden />}
                onClick={copy}
              >
                {t(copied ? "common:action.copied" : "share")}
              </Button>
            )}
          </CopyButton>
        )
      }
    >
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Card withBorder>
            <Name name={q.name} onChange={(name) => change({ name })} />
            <Box mt="xs">
              <ExplainForm q={q} onChange={change}>
                <Pretend down={q.down} onChange={(down) => change({ down })} />
              </ExplainForm>
            </Box>
          </Card>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          {error ? (
            <Problem error={error} />
          ) : !q.name ? (
            <Empty icon={IconZoomQuestion} title={t("ask")} />
          ) : explanation ? (
            <Card withBorder>
              <Group justify="flex-end" h={0} style={{ overflow: "visible" }}>
                {asking && <Loader size="xs" aria-hidden />}
              </Group>
              <Steps q={q} x={explanation} />
            </Card>
          ) : complete ? (
            <Skeleton height={360} />
          ) : (
            <Text c="dimmed">{t("choose")}</Text>
          )}
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Name({ name, onChange }: { name: string; onChange: (name: string) => void }) {
  const { t } = useTranslation("explain");
  const [text, setText] = useState(name);
  useEffect(() => setText(name), [name]);
  const [typed] = useDebouncedValue(text, 200);
  const { data } = $api.useQuery(
    "get",
    "/api/v1/access-domains",
    { params: { query: { limit: 20, ...(typed ? { q: typed } : {}) } } },
    { placeholderData: (old) => old },
  );
  const tell = useDebouncedCallback(onChange, 400);
  return (
    <Autocomplete
      label={t("name")}
      description={t("name_about")}
      value={text}
      autoComplete="off"
      spellCheck={false}
      data={[...new Set((data?.items ?? []).map((d) => d.name))]}
      filter={({ options }) => options}
      onChange={(v) => {
        setText(v);
        tell(v.trim());
      }}
    />
  );
}

function Pretend({ down, onChange }: { down: string[]; onChange: (down: string[]) => void }) {
  const { t } = useTranslation("explain");
  const [q, setQ] = useState("");
  const [typed] = useDebouncedValue(q, 200);
  const { data } = $api.useQuery(
    "get",
    "/api/v1/addresses",
    { params: { query: { limit: 30, ...(typed ? { q: typed } : {}) } } },
    { placeholderData: (old) => old },
  );
  const found = (data?.items ?? []).filter((a) => !down.includes(a.name));
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <Select
        flex={1}
        label={t("down_add")}
        placeholder={t("choose")}
        searchable
        searchValue={q}
        onSearchChange={setQ}
        filter={({ options }) => options}
        nothingFoundMessage={t("nothing")}
        value={null}
        data={found.map((a) => ({ value: a.name, label: a.address === a.name ? a.name : `${a.name} (${a.address})` }))}
        onChange={(v) => {
          if (!v) return;
          onChange([...down, v]);
          setQ("");
        }}
      />
    </Group>
  );
}
