// A master file (RFC 1035 §5): pasted or uploaded, looked at, then taken over as one revision.
import {
  Alert,
  Box,
  Button,
  Code,
  FileButton,
  Group,
  List,
  Modal,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertCircle, IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api, refresh, type Schemas } from "@/api/client";
import { Changes, ChangesSummary, changeName } from "@/changes/Changes";
import { Effect } from "@/changes/Effect";
import { Warnings } from "@/changes/Warnings";
import { Problem } from "@/components/Problem";
import { sayFinding } from "@/i18n/say";
import { number } from "@/lib/format";

// A larger file is not shown for editing: the browser would be busy with it, and nobody types in it.
const editable = 512 * 1024;

async function put(zone: string, text: string, query: { replace?: boolean; dry_run?: boolean; comment?: string }) {
  const { data } = await api.PUT("/api/v1/zones/{name}/file", {
    params: { path: { name: zone }, query },
    body: text,
    bodySerializer: (b: unknown) => b as string,
    headers: { "Content-Type": "text/dns" },
  });
  return data;
}

/** The zone that a file is about, as far as its $ORIGIN or its SOA's owner says it. */
export function zoneOfFile(text: string): string | undefined {
  const origin = /^\$ORIGIN\s+(\S+?)\.?\s*$/im.exec(text)?.[1];
  if (origin && origin !== "") return origin.toLowerCase();
  const soa = /^([^\s;@$]\S*)\.\s+(?:\d\S*\s+)?(?:IN\s+)?(?:\d\S*\s+)?SOA\s/im.exec(text)?.[1];
  return soa?.toLowerCase();
}

export function Import({ zone, onClose }: { zone?: string; onClose: () => void }) {
  const { t } = useTranslation("zones");
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [file, setFile] = useState("");
  const [mode, setMode] = useState<"merge" | "replace">("merge");
  const [comment, setComment] = useState("");
  const [plan, setPlan] = useState<Schemas["ChangeResult"]>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const of = zone ?? (name.trim().replace(/\.$/, "") || zoneOfFile(text) || "");
  const again = () => {
    setPlan(undefined);
    setError(undefined);
  };
  const run = async (f: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await f();
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const query = mode === "replace" ? { replace: true } : {};
  const check = () => run(async () => setPlan(await put(of, text, { ...query, dry_run: true })));
  const apply = () =>
    run(async () => {
      const done = await put(of, text, { ...query, ...(comment.trim() ? { comment: comment.trim() } : {}) });
      refresh("");
      notifications.show({ color: "green", message: t("import.done", { zone: of, n: done?.revision }) });
      onClose();
      if (!zone) await navigate({ to: `/zones/${encodeURIComponent(of)}` as string });
    });
  const take = async (f: File | null) => {
    if (!f) return;
    setFile(f.name);
    setText(await f.text());
    again();
  };
  const lines = text === "" ? 0 : text.split("\n").length;
  const large = text.length > editable;
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={zone ? t("import.title_of", { zone }) : t("import.title")}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <Stack gap="md">
        {!zone && (
          <TextInput
            label={t("zone")}
            description={t("import.zone_hint")}
            placeholder={zoneOfFile(text) ?? "example.com"}
            value={name}
            onChange={(e) => {
              setName(e.currentTarget.value);
              again();
            }}
          />
        )}
        <Group justify="space-between" align="flex-end">
          <SegmentedControl
            aria-label={t("import.mode")}
            value={mode}
            onChange={(v) => {
              setMode(v as "merge" | "replace");
              again();
            }}
            data={[
              { value: "merge", label: t("import.merge") },
              { value: "replace", label: t("import.replace") },
            ]}
          />
          <FileButton onChange={(f) => void take(f)} inputProps={{ "aria-label": t("import.upload") }}>
            {(p) => (
              <Button {...p} variant="default" leftSection={<IconUpload size={16} aria-hidden />}>
                {t("import.upload")}
              </Button>
            )}
          </FileButton>
        </Group>
        <Text fz="sm" c="dimmed">
          {t(`import.${mode}_about`)}
        </Text>
        {large ? (
          <Alert variant="light">{t("import.large", { file, lines: number(lines) })}</Alert>
        ) : (
          <Textarea
            label={t("import.text")}
            description={lines > 0 ? t("import.lines", { count: lines, n: number(lines) }) : t("import.paste")}
            value={text}
            onChange={(e) => {
              setText(e.currentTarget.value);
              again();
            }}
            autosize
            minRows={8}
            maxRows={14}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", whiteSpace: "pre", overflowX: "auto" } }}
          />
        )}
        {error !== undefined && <FileFindings error={error} text={text} />}
        {plan && (
          <>
            <div>
              <Title order={3} mb={4}>
                {t("import.changes")} <ChangesSummary list={plan.changes} />
              </Title>
              <Changes list={plan.changes} />
            </div>
            <Warnings list={plan.warnings} />
            {plan.effect && plan.effect.names.length + plan.effect.records.length > 0 && (
              <div>
                <Title order={3} mb={4}>
                  {t("import.effect")}
                </Title>
                <Effect of={plan.effect} />
              </div>
            )}
            {plan.changes.length > 0 && (
              <TextInput label={t("import.comment")} value={comment} onChange={(e) => setComment(e.currentTarget.value)} maxLength={1024} />
            )}
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:action.cancel")}
          </Button>
          {plan ? (
            <Button
              onClick={() => void apply()}
              loading={busy}
              disabled={plan.changes.length === 0}
              color={mode === "replace" && plan.changes.some((c) => c.action === "delete") ? "red" : undefined}
            >
              {t("import.apply")}
            </Button>
          ) : (
            <Button onClick={() => void check()} loading={busy} disabled={text.trim() === "" || of === ""}>
              {t("import.check")}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

/** What is wrong, each with its line of the file as it stands there. */
export function FileFindings({ error, text }: { error: unknown; text: string }) {
  const { t } = useTranslation("zones");
  const errors = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  if (!errors.some((e) => e.line)) return <Problem error={error} />;
  const all = text.split("\n");
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertCircle aria-hidden />}
      title={t("import.wrong", { count: errors.length })}
      role="alert"
    >
      <List fz="sm" spacing={6} listStyleType="none">
        {errors.map((e) => (
          <List.Item key={`${e.line}${e.code}${e.field}${e.message}`}>
            <Box>
              {e.line ? <b>{t("changes:at_line", { line: e.line })} </b> : null}
              {!e.line && e.kind && e.name ? `${t(`common:kind_one.${e.kind}`)} ${changeName(e.kind, e.name)}: ` : null}
              {sayFinding(e)}
              {e.line ? (
                <Code block mt={2} p={4} style={{ overflowX: "auto" }}>
                  {all[e.line - 1] ?? ""}
                </Code>
              ) : null}
            </Box>
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
