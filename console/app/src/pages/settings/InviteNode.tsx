// Inviting a node: its join token is shown once, with the command that uses it. Used on the page of nodes too.
import { Alert, Button, Group, Modal, SegmentedControl, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, refresh, type Schemas } from "@/api/client";
import { CopyLine } from "@/components/CopyLine";
import { Problem, problemOf } from "@/components/Problem";
import { foundAt } from "@/i18n/say";

/** The button and its dialog. again: another credential for a node that was invited. Words: namespace "settings". */
export function InviteNode({ again, label }: { again?: string; label?: string }) {
  const { t } = useTranslation("settings");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        variant={again ? "default" : undefined}
        leftSection={again ? undefined : <IconPlus size={16} aria-hidden />}
        onClick={() => setOpen(true)}
      >
        {label ?? t(again ? "invite.again" : "invite.do")}
      </Button>
      {open && <Invitation again={again} onClose={() => setOpen(false)} />}
    </>
  );
}

function Invitation({ again, onClose }: { again?: string | undefined; onClose: () => void }) {
  const { t } = useTranslation("settings");
  const [role, setRole] = useState<"resolver" | "prober">("resolver");
  const [node, setNode] = useState(again ?? "");
  const [vantage, setVantage] = useState("");
  const [labels, setLabels] = useState<string[]>([]);
  const [made, setMade] = useState<Schemas["Invited"]>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const at = (f: string) => foundAt(problemOf(error), (e) => e === f || e.startsWith(`${f}.`));
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await api.POST("/api/v1/nodes", {
        body: again
          ? { node: again, again: true }
          : {
              role,
              ...(node.trim() ? { node: node.trim() } : {}),
              ...(role === "prober" && vantage.trim() ? { vantage: vantage.trim() } : {}),
              ...(labels.length > 0
                ? { labels: Object.fromEntries(labels.map((l) => [l.slice(0, l.indexOf("=")), l.slice(l.indexOf("=") + 1)])) }
                : {}),
            },
      });
      refresh("/nodes", "/vantages");
      setMade(data);
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  if (made)
    return (
      <Modal
        opened
        onClose={onClose}
        size="lg"
        closeOnClickOutside={false}
        closeOnEscape={false}
        title={t("invite.made", { node: made.node })}
        closeButtonProps={{ "aria-label": t("common:action.close") }}
      >
        <Stack gap="md">
          <Alert color="yellow" variant="light">
            {t("invite.once")}
          </Alert>
          <CopyLine text={`meridian serve --roles ${made.role} --data ./data --join ${made.token}`} label={t("invite.command")} />
          {made.note && <Alert variant="light">{made.note}</Alert>}
          <Text fz="sm" c="dimmed">
            {t("invite.then")}
          </Text>
          <Group justify="flex-end">
            <Button onClick={onClose}>{t("invite.kept")}</Button>
          </Group>
        </Stack>
      </Modal>
    );
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t(again ? "invite.again_title" : "invite.do", { node: again })}
      closeButtonProps={{ "aria-label": t("common:action.close") }}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void go();
        }}
      >
        <Stack gap="md">
          {again ? (
            <Text fz="sm">{t("invite.again_about")}</Text>
          ) : (
            <>
              <SegmentedControl
                fullWidth
                aria-label={t("invite.role")}
                value={role}
                onChange={(v) => setRole(v as "resolver" | "prober")}
                data={[
                  { value: "resolver", label: t("invite.resolver") },
                  { value: "prober", label: t("invite.prober") },
                ]}
              />
              <Text fz="sm" c="dimmed">
                {t(`invite.${role}_about`)}
              </Text>
              <TextInput
                label={t("invite.node")}
                description={t("invite.node_hint")}
                value={node}
                onChange={(e) => setNode(e.currentTarget.value)}
                error={at("node")}
              />
              {role === "prober" && (
                <TextInput
                  label={t("invite.vantage")}
                  description={t("invite.vantage_hint")}
                  value={vantage}
                  onChange={(e) => setVantage(e.currentTarget.value)}
                  error={at("vantage")}
                />
              )}
              <TagsInput
                label={t("invite.labels")}
                description={t("invite.labels_hint")}
                placeholder="country=CN"
                value={labels}
                onChange={(l) => setLabels(l.filter((x) => x.indexOf("=") > 0))}
                error={at("labels")}
              />
            </>
          )}
          {error !== undefined && !at("node") && !at("vantage") && !at("labels") && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:action.cancel")}
            </Button>
            <Button type="submit" loading={busy}>
              {t("invite.confirm")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
