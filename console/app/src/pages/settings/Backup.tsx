import { Alert, Button, Card, Checkbox, FileButton, Group, List, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api, queryClient, type Schemas } from "@/api/client";
import { Changes, ChangesSummary } from "@/changes/Changes";
import { Effect } from "@/changes/Effect";
import { Problem } from "@/components/Problem";
import { Moment } from "@/components/Time";
import { number } from "@/lib/format";

async function restore(file: File, query: { dry_run?: boolean; replace?: boolean }) {
  const { data } = await api.POST("/api/v1/restore", {
    params: { query },
    body: file as unknown as string,
    bodySerializer: (b: unknown) => b as Blob,
    headers: { "Content-Type": "application/zstd" },
  });
  return data;
}

/** The whole state of control: taken away as one file, and put back after its plan was seen. */
export function Backup() {
  const { t } = useTranslation("settings");
  const [file, setFile] = useState<File>();
  const [plan, setPlan] = useState<Schemas["RestorePlan"]>();
  const [error, setError] = useState<unknown>();
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const look = async (f: File | null) => {
    if (!f) return;
    setFile(f);
    setPlan(undefined);
    setError(undefined);
    setSure(false);
    setBusy(true);
    try {
      setPlan((await restore(f, { dry_run: true, replace: true }))?.plan);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const apply = async () => {
    if (!file) return;
    setBusy(true);
    setError(undefined);
    try {
      const done = await restore(file, { replace: true });
      notifications.show({ color: "green", message: t("backup.done", { n: done?.position.revision }) });
      setFile(undefined);
      setPlan(undefined);
      await queryClient.invalidateQueries();
    } catch (err) {
      // Users and sessions are part of it: who restores an older state may be signed out by it.
      if (!(err instanceof ApiError && err.status === 401)) setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="md">
      <Card withBorder>
        <Group justify="space-between">
          <div>
            <Title order={2}>{t("backup.title")}</Title>
            <Text fz="sm" c="dimmed" maw={700}>
              {t("backup.about")}
            </Text>
          </div>
          <Button
            component="a"
            href="/api/v1/backup"
            download={`meridian-${new Date().toISOString().slice(0, 10)}.backup`}
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t("backup.download")}
          </Button>
        </Group>
      </Card>
      <Card withBorder>
        <Group justify="space-between" mb="sm">
          <div>
            <Title order={2}>{t("backup.restore")}</Title>
            <Text fz="sm" c="dimmed" maw={700}>
              {t("backup.restore_about")}
            </Text>
          </div>
          <FileButton onChange={(f) => void look(f)} inputProps={{ "aria-label": t("backup.choose") }}>
            {(p) => (
              <Button {...p} variant="default" loading={busy && !plan} leftSection={<IconUpload size={16} aria-hidden />}>
                {t("backup.choose")}
              </Button>
            )}
          </FileButton>
        </Group>
        {error !== undefined && <Problem error={error} />}
        {file && plan && (
          <Stack gap="md">
            <Text fz="sm">
              <b>{file.name}</b>: {t("backup.made")} <Moment at={plan.made} />,{" "}
              {t("backup.by", { release: plan.release, n: number(plan.position.revision) })}
            </Text>
            {!plan.same_installation && (
              <Alert color="orange" variant="light">
                {t("backup.other")}
              </Alert>
            )}
            <div>
              <Title order={3} mb={4}>
                {t("backup.changes")} <ChangesSummary list={plan.changes} />
              </Title>
              <Changes list={plan.changes} />
            </div>
            <div>
              <Title order={3} mb={4}>
                {t("backup.effect")}
              </Title>
              <Effect of={plan.effect} />
            </div>
            {plan.returns.length > 0 && <Names title={t("backup.returns")} of={plan.returns} color="orange" />}
            {plan.goes.length > 0 && <Names title={t("backup.goes")} of={plan.goes} color="yellow" />}
            <Checkbox label={t("backup.sure")} checked={sure} onChange={(e) => setSure(e.currentTarget.checked)} />
            <Group>
              <Button color="red" disabled={!sure} loading={busy} onClick={() => void apply()}>
                {t("backup.confirm")}
              </Button>
              <Button
                variant="default"
                onClick={() => {
                  setFile(undefined);
                  setPlan(undefined);
                }}
              >
                {t("common:action.cancel")}
              </Button>
            </Group>
          </Stack>
        )}
      </Card>
    </Stack>
  );
}

function Names({ title, of, color }: { title: string; of: string[]; color: string }) {
  return (
    <Alert color={color} variant="light" title={title}>
      <List fz="sm">
        {of.slice(0, 50).map((n) => (
          <List.Item key={n}>{n}</List.Item>
        ))}
      </List>
      {of.length > 50 && `+${of.length - 50}`}
    </Alert>
  );
}
