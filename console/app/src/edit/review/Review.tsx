// Before a draft becomes a revision: what it changes, what clients would get, what stands in its way.
import { Alert, Button, Card, Group, Skeleton, Stack, Text, Textarea, Title } from "@mantine/core";
import { IconAlertOctagon, IconChecklist, IconCircleCheck, IconEdit, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refresh } from "@/api/client";
import { useCan } from "@/api/session";
import { Changes, ChangesSummary } from "@/changes/Changes";
import { Effect } from "@/changes/Effect";
import { Warnings } from "@/changes/Warnings";
import { Empty } from "@/components/Empty";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem, problemOf } from "@/components/Problem";
import { sayProblem } from "@/i18n/say";
import { useSearchState } from "@/lib/search";
import { Applied } from "@/pages/revisions/Revision";
import { Undo } from "@/pages/revisions/Undo";
import { type Placed, useCheck } from "../check";
import { useConflicts } from "../conflicts";
import { DiscardDialog } from "../DraftBar";
import { changeRequest, discardDraft, type Kind, unstage, useDraft } from "../draft";
import { sentence } from "../fields";
import { nameOfKey } from "../objects";
import { changesOf } from "./local";
import { MergeCard } from "./MergeCard";

export function Review() {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const [search, setSearch] = useSearchState<{ applied?: string; edit?: string }>();
  const [asking, setAsking] = useState(false);
  const open = (kind: Kind | "", key: string) => kind && setSearch({ edit: `${kind}/${key}` }, true);
  const empty = draft.items.length === 0;
  return (
    <Page
      title={t("review.title")}
      about={empty ? undefined : t("review.about")}
      actions={
        !empty && (
          <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setAsking(true)}>
            {t("bar.discard")}
          </Button>
        )
      }
    >
      {search.applied && <Done number={search.applied} />}
      {empty ? (
        !search.applied && (
          <Empty
            icon={IconChecklist}
            title={t("review.empty")}
            actions={
              <>
                <Button component={Link} to={"/domains/new" as string}>
                  {t("review.start")}
                </Button>
                <Button variant="default" component={Link} to={"/domains" as string}>
                  {t("review.domains")}
                </Button>
              </>
            }
          >
            {t("review.empty_about")}
          </Empty>
        )
      ) : (
        <Open open={open} applied={(n) => setSearch({ applied: String(n) }, true)} />
      )}
      <DiscardDialog opened={asking} onClose={() => setAsking(false)} />
    </Page>
  );
}

/** A draft that is not applied yet. comment: what is said of it unless somebody says it better. */
export function Open({
  open,
  applied,
  comment,
}: {
  open: (kind: Kind | "", key: string) => void;
  applied: (n: number) => void;
  comment?: string;
}) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const check = useCheck();
  const conflicts = useConflicts();
  const errors = check.findings.filter((f) => f.severity === "error");
  const warnings = check.findings.filter((f) => f.severity === "warning");
  const failing = errors.filter((f) => f.code === "assertion_failed");
  const others = errors.filter((f) => f.code !== "assertion_failed");
  const changes = changesOf(draft);
  return (
    <>
      {conflicts.length > 0 && (
        <Stack gap="sm">
          <Title order={2}>{t("merge.heading", { count: conflicts.length })}</Title>
          {conflicts.map((c) => (
            <MergeCard key={`${c.kind} ${c.key} ${c.theirs?.version}`} of={c} />
          ))}
        </Stack>
      )}
      {check.state === "failed" && <Problem error={check.error} />}
      {others.length > 0 && <Findings title={t("review.errors", { count: others.length })} of={others} open={open} />}
      {failing.length > 0 && (
        <Findings title={t("review.assertions", { count: failing.length })} about={t("review.assertions_about")} of={failing} open={open} />
      )}
      <Card withBorder>
        <Group justify="space-between" mb="xs">
          <Title order={2}>{t("review.changes")}</Title>
          <Text fz="sm" c="dimmed">
            <ChangesSummary list={changes} />
          </Text>
        </Group>
        <Changes
          list={changes}
          actions={(c) => (
            <Group gap={4} wrap="nowrap">
              {c.action !== "delete" && c.kind !== "record" && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  leftSection={<IconEdit size={13} aria-hidden />}
                  onClick={() => open(c.kind as Kind, c.name)}
                  aria-label={t("review.edit", { name: nameOfKey(c.kind as Kind, c.name) })}
                >
                  {t("common:action.edit")}
                </Button>
              )}
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                onClick={() => unstage(c.kind as Kind, c.name)}
                aria-label={t("review.drop", { name: nameOfKey(c.kind as Kind, c.name) })}
              >
                {t("restore")}
              </Button>
            </Group>
          )}
        />
      </Card>
      <Card withBorder>
        <Title order={2} mb="xs">
          {t("review.effect")}
        </Title>
        {check.effect ? (
          <div style={{ opacity: check.pending ? 0.6 : 1 }} aria-busy={check.pending}>
            <Effect of={check.effect} />
          </div>
        ) : check.state === "checking" ? (
          <Skeleton height={80} />
        ) : (
          <Text fz="sm" c="dimmed">
            {t("review.no_effect")}
          </Text>
        )}
      </Card>
      <Warnings list={warnings.map((w) => ({ ...w.said, kind: w.kind, name: w.key }))} />
      <Apply
        ready={check.state === "good" && !check.pending && conflicts.length === 0}
        denied={check.denied}
        blocked={conflicts.length > 0 ? t("review.merge_first") : errors.length > 0 ? t("review.fix_first") : undefined}
        applied={applied}
        {...(comment ? { first: comment } : {})}
      />
    </>
  );
}

function Findings({
  title,
  about,
  of,
  open,
}: {
  title: string;
  about?: string;
  of: Placed[];
  open: (kind: Kind | "", key: string) => void;
}) {
  const { t } = useTranslation("edit");
  return (
    <Alert color="red" variant="light" icon={<IconAlertOctagon aria-hidden />} title={title} role="alert">
      {about && (
        <Text fz="sm" mb={4}>
          {about}
        </Text>
      )}
      <Stack gap={6}>
        {of.slice(0, 40).map((f) => (
          <Group
            key={`${f.kind} ${f.key} ${f.field} ${f.code} ${f.text}`}
            gap="xs"
            wrap="nowrap"
            justify="space-between"
            align="flex-start"
          >
            <Text fz="sm" style={{ overflowWrap: "anywhere" }}>
              {f.kind && (
                <Text span fz="sm" fw={600}>
                  {t(`common:kind_one.${f.kind}`)} {nameOfKey(f.kind, f.key)}
                  {f.field && f.code !== "assertion_failed" ? ` · ${f.field}` : ""}:{" "}
                </Text>
              )}
              {sentence(f)}
            </Text>
            {f.kind && f.kind !== "record" && (
              <Button size="compact-xs" variant="default" style={{ flex: "none" }} onClick={() => open(f.kind, f.key)}>
                {t("review.fix")}
              </Button>
            )}
          </Group>
        ))}
        {of.length > 40 && <Text fz="sm">{t("used_by.more", { n: of.length - 40 })}</Text>}
      </Stack>
    </Alert>
  );
}

/** A key that makes a repeated request the same one. crypto.randomUUID is only there over HTTPS and on loopback. */
function idempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function Apply({
  ready,
  denied,
  blocked,
  applied,
  first = "",
}: {
  first?: string;
  ready: boolean;
  denied: ReturnType<typeof problemOf>;
  blocked: string | undefined;
  applied: (n: number) => void;
}) {
  const { t } = useTranslation("edit");
  const draft = useDraft();
  const can = useCan("operator");
  const [comment, setComment] = useState(first);
  const [lacks, setLacks] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [key, setKey] = useState(idempotencyKey);
  const go = async () => {
    if (!comment.trim()) {
      setLacks(true);
      return;
    }
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await api.POST("/api/v1/changes", {
        params: { header: { "Idempotency-Key": key } },
        body: changeRequest(draft, comment.trim()),
      });
      discardDraft();
      refresh("");
      if (data) applied(data.revision);
    } catch (err) {
      setError(err);
      // Whatever the server refused is asked about again: by a request of its own.
      setKey(idempotencyKey());
      refresh("");
    } finally {
      setBusy(false);
    }
  };
  const p = problemOf(error);
  return (
    <Card withBorder>
      <form
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="sm">
          <Title order={2}>{t("review.apply")}</Title>
          <Textarea
            label={t("review.comment")}
            description={t("review.comment_about")}
            required
            value={comment}
            onChange={(e) => {
              setComment(e.currentTarget.value);
              setLacks(false);
            }}
            error={lacks && t("missing.needed")}
            maxLength={4096}
            autosize
            minRows={2}
          />
          {denied && (
            <Alert color="orange" variant="light" title={t("review.denied")}>
              {sayProblem(denied)}
            </Alert>
          )}
          {error !== undefined &&
            (p?.code === "version_mismatch" ? (
              <Alert color="orange" variant="light" role="alert">
                {t("review.moved")}
              </Alert>
            ) : (
              <Problem error={error} />
            ))}
          <Group gap="sm">
            <Button type="submit" loading={busy} disabled={!ready || !can || denied !== undefined}>
              {t("review.go")}
            </Button>
            <Text fz="sm" c="dimmed" aria-live="polite">
              {!can ? t("read_only.why") : (blocked ?? "")}
            </Text>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

/** What became of it: the revision, which nodes have it, and the way back. */
function Done({ number }: { number: string }) {
  const { t } = useTranslation("edit");
  const can = useCan("operator");
  const [undo, setUndo] = useState(false);
  const { data, error } = $api.useQuery(
    "get",
    "/api/v1/revisions/{number}",
    { params: { path: { number }, query: { changes: false } } },
    { refetchInterval: (q) => (q.state.data && q.state.data.applied < q.state.data.nodes.length ? 700 : false) },
  );
  const head = $api.useQuery("get", "/api/v1/status");
  return (
    <Card withBorder data-applied={number}>
      <Stack gap="sm">
        <Group gap="xs">
          <IconCircleCheck size={20} color="var(--m-state-green)" aria-hidden />
          <Title order={2}>
            {t("review.done")}{" "}
            <ObjectLink kind="revision" name={number}>
              {t("revision", { n: number })}
            </ObjectLink>
          </Title>
        </Group>
        {data?.comment && <Text fz="sm">{data.comment}</Text>}
        {error ? <Problem error={error} /> : <Applied of={data} />}
        {can && (
          <Group>
            <Button variant="default" size="xs" onClick={() => setUndo(true)}>
              {t("review.undo")}
            </Button>
          </Group>
        )}
      </Stack>
      {undo && <Undo verb="revert" number={number} newest={head.data?.revision} onClose={() => setUndo(false)} />}
    </Card>
  );
}

export { Applied };
