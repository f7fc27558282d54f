import { Alert, Badge, Button, Card, Group, NumberInput, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconArrowBackUp, IconArrowsDiff, IconCircleCheck, IconClock, IconRestore } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Changes, ChangesSummary } from "@/changes/Changes";
import { Effect } from "@/changes/Effect";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { Ago, Moment } from "@/components/Time";
import { duration, number, seconds } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { Undo } from "./Undo";

export function Revision() {
  const { t } = useTranslation("revisions");
  const { number: n = "" } = useParams({ strict: false }) as { number?: string };
  const [search, set] = useSearchState<{ with?: string }>();
  const navigate = useNavigate();
  const may = useCan("operator");
  const [undo, setUndo] = useState<"rollback" | "revert">();
  const [other, setOther] = useState<number | string>("");
  // The changes never change; whether nodes have it does, so that is asked again and again without them.
  const whole = $api.useQuery(
    "get",
    "/api/v1/revisions/{number}",
    { params: { path: { number: n }, query: { effect: true } } },
    { enabled: !search.with },
  );
  const now = $api.useQuery(
    "get",
    "/api/v1/revisions/{number}",
    { params: { path: { number: n }, query: { changes: false } } },
    { enabled: !search.with, refetchInterval: (q) => (q.state.data && q.state.data.applied < q.state.data.nodes.length ? 2_000 : false) },
  );
  const head = $api.useQuery("get", "/api/v1/status");
  const newest = head.data?.revision;
  const r = whole.data;
  const trail = [{ label: t("title"), to: "/revisions" }];

  if (search.with) return <Compare from={n} to={search.with} close={() => set({ with: "" }, true)} />;
  return (
    <Page
      title={t("one", { n })}
      trail={trail}
      about={r?.comment}
      state={
        newest !== undefined && Number(n) === newest ? (
          <Badge variant="light" styles={{ root: { textTransform: "none" } }}>
            {t("newest")}
          </Badge>
        ) : undefined
      }
      actions={
        r && may ? (
          <>
            <Button
              variant="default"
              leftSection={<IconArrowBackUp size={16} aria-hidden />}
              disabled={r.compacted}
              onClick={() => setUndo("revert")}
            >
              {t("revert.do")}
            </Button>
            <Button
              variant="default"
              leftSection={<IconRestore size={16} aria-hidden />}
              disabled={r.compacted || Number(n) === newest}
              onClick={() => setUndo("rollback")}
            >
              {t("rollback.do")}
            </Button>
          </>
        ) : undefined
      }
    >
      {whole.error ? (
        <Problem error={whole.error} retry={() => void whole.refetch()} />
      ) : (
        <>
          <Card withBorder>
            <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
              <Fact label={t("who")} loading={!r}>
                {r?.author}
              </Fact>
              <Fact label={t("when")} loading={!r}>
                <Moment at={r?.at} /> (<Ago at={r?.at} />)
              </Fact>
              <Fact label={t("from")} loading={!r}>
                {r && t(`source.${r.source}`, r.source)}
                {r?.remote ? ` · ${r.remote}` : ""}
              </Fact>
              <Fact label={t("objects")} loading={!r}>
                {r && <ChangesSummary list={r.changes} />}
              </Fact>
            </SimpleGrid>
          </Card>
          <Card withBorder>
            <Title order={2} mb="xs">
              {t("nodes")}
            </Title>
            <Applied of={now.data} />
          </Card>
          <Card withBorder>
            <Title order={2} mb="xs">
              {t("changes")}
            </Title>
            {!r ? (
              <Skeleton height={80} />
            ) : (
              <>
                {r.compacted && (
                  <Alert variant="light" mb="xs">
                    {t("compacted")}
                  </Alert>
                )}
                <Changes list={r.changes} />
              </>
            )}
          </Card>
          {(!r || r.effect) && (
            <Card withBorder>
              <Title order={2} mb="xs">
                {t("effect")}
              </Title>
              <Text fz="sm" c="dimmed" mb="xs">
                {t("effect_about")}
              </Text>
              {r?.effect ? <Effect of={r.effect} past /> : <Skeleton height={60} />}
            </Card>
          )}
          <form
            onSubmit={(e) => {
              e.preventDefault();
              if (other === "") return;
              const [a, b] = [Number(n), Number(other)].sort((x, y) => x - y);
              void navigate({ to: `/revisions/${a}` as string, search: { with: String(b) } as never });
            }}
          >
            <Group align="flex-end" gap="xs">
              <NumberInput
                label={t("compare_with")}
                min={0}
                {...(newest ? { max: newest } : {})}
                allowDecimal={false}
                value={other}
                onChange={setOther}
                w={180}
              />
              <Button type="submit" variant="default" leftSection={<IconArrowsDiff size={16} aria-hidden />} disabled={other === ""}>
                {t("compare")}
              </Button>
            </Group>
          </form>
        </>
      )}
      {undo && r && <Undo verb={undo} number={n} newest={newest} onClose={() => setUndo(undefined)} />}
    </Page>
  );
}

function Fact({ label, children, loading }: { label: string; children: ReactNode; loading: boolean }) {
  return (
    <div>
      <Text fz="xs" c="dimmed">
        {label}
      </Text>
      {loading ? (
        <Skeleton height={14} my={4} width="70%" />
      ) : (
        <Text fz="sm" component="div" style={{ overflowWrap: "anywhere" }}>
          {children}
        </Text>
      )}
    </div>
  );
}

/** Which nodes have it; goes on by itself. */
export function Applied({ of }: { of: Schemas["RevisionAnswer"] | undefined }) {
  const { t } = useTranslation("revisions");
  if (!of) return <Skeleton height={20} width="50%" />;
  const all = of.applied === of.nodes.length;
  return (
    <Stack gap={6} aria-live="polite">
      <Group gap={6} wrap="nowrap">
        {all ? (
          <IconCircleCheck size={18} color="var(--m-state-green)" aria-hidden />
        ) : (
          <IconClock size={18} color="var(--m-state-orange)" aria-hidden />
        )}
        <Text fz="sm">
          {of.nodes.length === 0
            ? t("no_nodes")
            : t(all ? "applied_all" : "applied_some", { count: of.nodes.length, n: number(of.applied), of: number(of.nodes.length) })}
        </Text>
      </Group>
      {of.nodes.length > 0 && (
        <Group gap={6}>
          {[...of.nodes]
            .sort((a, b) => Number(a.applied) - Number(b.applied))
            .slice(0, 60)
            .map((x) => (
              <Badge
                key={x.id}
                variant="light"
                color={x.applied ? "green" : "orange"}
                styles={{ root: { textTransform: "none", color: `var(--m-state-${x.applied ? "green" : "orange"})` } }}
                leftSection={x.applied ? <IconCircleCheck size={12} aria-hidden /> : <IconClock size={12} aria-hidden />}
                title={t("heard", { ago: duration(seconds(x.silent_for)) })}
              >
                <ObjectLink kind="node" name={x.id} /> {x.applied ? t("has_it") : t("is_at", { n: x.position.revision })}
              </Badge>
            ))}
        </Group>
      )}
    </Stack>
  );
}

function Compare({ from, to, close }: { from: string; to: string; close: () => void }) {
  const { t } = useTranslation("revisions");
  const { data, error, refetch } = $api.useQuery("get", "/api/v1/revisions/{number}/diff", {
    params: { path: { number: from }, query: { with: Number(to) } },
  });
  return (
    <Page
      title={t("compare_title", { a: from, b: to })}
      about={t("compare_about", { a: from, b: to })}
      trail={[
        { label: t("title"), to: "/revisions" },
        { label: t("one", { n: from }), to: `/revisions/${from}` },
      ]}
      actions={
        <Button variant="default" onClick={close}>
          {t("compare_close")}
        </Button>
      }
    >
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <>
          <Card withBorder>
            <Title order={2} mb="xs">
              {t("changes")}
            </Title>
            {data ? <Changes list={data.changes} /> : <Skeleton height={80} />}
          </Card>
          <Card withBorder>
            <Title order={2} mb="xs">
              {t("effect")}
            </Title>
            <Text fz="sm" c="dimmed" mb="xs">
              {t("effect_about")}
            </Text>
            {data ? <Effect of={data.effect} past /> : <Skeleton height={60} />}
          </Card>
        </>
      )}
    </Page>
  );
}
