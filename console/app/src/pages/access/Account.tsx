import { Alert, Button, Card, Group, PasswordInput, SegmentedControl, Stack, Text, Title, useMantineColorScheme } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, api, refresh } from "@/api/client";
import { signOut, useWho } from "@/api/session";
import { type Density, setDensity, useDensity } from "@/app/prefs";
import { Page } from "@/components/Page";
import { Problem, problemOf } from "@/components/Problem";
import { type Language, setLanguage } from "@/i18n";
import { foundAt } from "@/i18n/say";
import { attempt, confirm } from "./act";
import { GrantBadges } from "./Grants";
import { SessionRows } from "./Sessions";
import { NewToken, TokenTable } from "./Tokens";

export function Account() {
  const { t, i18n } = useTranslation("access");
  const who = useWho();
  const router = useRouter();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const density = useDensity();
  const [making, setMaking] = useState(false);
  const sessions = $api.useQuery("get", "/api/v1/sessions", {}, { enabled: who.kind === "user" });
  const everywhere = () =>
    confirm({
      title: t("account.everywhere"),
      text: t("account.everywhere_about"),
      button: t("account.everywhere"),
      danger: true,
      act: () =>
        void api.DELETE("/api/v1/sessions").then(async () => {
          await signOut().catch(() => {}); // the session has just ended
          await router.navigate({ to: "/signin" });
        }),
    });
  return (
    <Page title={t("account.title")} about={t("account.about", { name: who.name })}>
      <Card withBorder>
        <Title order={2} mb="xs">
          {t("account.may")}
        </Title>
        <GrantBadges of={who.grants} />
        <Stack gap={2} mt="xs">
          {who.grants.map((g) => (
            <Text key={JSON.stringify(g)} fz="sm" c="dimmed">
              {g.role === "operator" && g.labels && Object.keys(g.labels).length > 0
                ? t("account.bound", {
                    labels: Object.entries(g.labels)
                      .map(([k, v]) => `${k}=${v}`)
                      .join(", "),
                  })
                : t(`grants.about_${g.role}`)}
            </Text>
          ))}
        </Stack>
      </Card>
      <Card withBorder>
        <Title order={2} mb="sm">
          {t("account.look")}
        </Title>
        <Group gap="xl">
          <Choice label={t("common:shell.language")}>
            <SegmentedControl
              aria-label={t("common:shell.language")}
              value={i18n.language}
              onChange={(l) => void setLanguage(l as Language)}
              data={[
                { value: "en", label: "English" },
                { value: "zh", label: "简体中文" },
              ]}
            />
          </Choice>
          <Choice label={t("common:shell.scheme")}>
            <SegmentedControl
              aria-label={t("common:shell.scheme")}
              value={colorScheme}
              onChange={(s) => setColorScheme(s as "light" | "dark" | "auto")}
              data={(["auto", "light", "dark"] as const).map((s) => ({ value: s, label: t(`common:shell.scheme_${s}`) }))}
            />
          </Choice>
          <Choice label={t("account.density")}>
            <SegmentedControl
              aria-label={t("account.density")}
              value={density}
              onChange={(d) => setDensity(d as Density)}
              data={[
                { value: "comfortable", label: t("account.comfortable") },
                { value: "compact", label: t("account.compact") },
              ]}
            />
          </Choice>
        </Group>
        <Text fz="xs" c="dimmed" mt="xs">
          {t("account.look_about")}
        </Text>
      </Card>
      {who.kind === "user" && (
        <>
          <Card withBorder>
            <Group justify="space-between" mb="sm">
              <Title order={2}>{t("account.sessions")}</Title>
              <Button variant="default" color="red" onClick={everywhere}>
                {t("account.everywhere")}
              </Button>
            </Group>
            {sessions.error ? (
              <Problem error={sessions.error} />
            ) : (
              <SessionRows
                list={sessions.data?.items}
                onEnd={(id) => void attempt(t("account.ended"), () => api.DELETE("/api/v1/sessions/{id}", { params: { path: { id } } }))}
              />
            )}
          </Card>
          <ChangePassword />
          <Card withBorder>
            <Group justify="space-between" mb="sm">
              <Title order={2}>{t("account.tokens")}</Title>
              <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
                {t("tokens.new")}
              </Button>
            </Group>
            <TokenTable own onNew={() => setMaking(true)} />
          </Card>
        </>
      )}
      {making && <NewToken own onClose={() => setMaking(false)} />}
    </Page>
  );
}

function Choice({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text fz="sm" mb={4}>
        {label}
      </Text>
      {children}
    </div>
  );
}

function ChangePassword() {
  const { t } = useTranslation("access");
  const who = useWho();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [error, setError] = useState<unknown>();
  const [done, setDone] = useState(false);
  const [busy, setBusy] = useState(false);
  if (!who.can_change_password)
    return (
      <Card withBorder>
        <Title order={2} mb="xs">
          {t("account.password")}
        </Title>
        <Text fz="sm">{t("account.elsewhere")}</Text>
      </Card>
    );
  const at = (f: string) => foundAt(problemOf(error), (e) => e === f);
  const save = async () => {
    setBusy(true);
    setError(undefined);
    setDone(false);
    try {
      await api.PUT("/api/v1/session/password", { body: { current, password } });
      refresh("/sessions");
      setDone(true);
      setCurrent("");
      setPassword("");
      setAgain("");
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card withBorder>
      <Title order={2} mb="xs">
        {t("account.password")}
      </Title>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <input type="text" name="username" autoComplete="username" value={who.name} readOnly hidden />
        <Stack gap="sm" maw={420}>
          {done && (
            <Alert color="green" variant="light" role="status">
              {t("account.password_done")}
            </Alert>
          )}
          {error !== undefined && !at("password") && <Problem error={error} />}
          <PasswordInput
            label={t("account.current")}
            autoComplete="current-password"
            value={current}
            onChange={(e) => setCurrent(e.currentTarget.value)}
          />
          <PasswordInput
            label={t("account.new")}
            description={t("users.password_rule")}
            autoComplete="new-password"
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
            error={at("password")}
          />
          <PasswordInput
            label={t("account.again")}
            autoComplete="new-password"
            value={again}
            onChange={(e) => setAgain(e.currentTarget.value)}
            error={again && again !== password ? t("account.differs") : undefined}
          />
          <div>
            <Button type="submit" loading={busy} disabled={!current || !password || again !== password}>
              {t("account.change")}
            </Button>
          </div>
        </Stack>
      </form>
    </Card>
  );
}
