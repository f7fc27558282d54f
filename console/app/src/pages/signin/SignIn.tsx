import { Alert, Button, Card, Center, Divider, Group, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, queryClient } from "@/api/client";
import { whoQuery } from "@/api/session";
import { leaveFor, onTheWay, safe } from "@/app/back";
import { Mark } from "@/app/Mark";
import { LanguageMenu, SchemeMenu } from "@/app/Menus";
import { Problem } from "@/components/Problem";
import { duration } from "@/lib/format";
import { keptKeys } from "@/lib/storage";

const route = getRouteApi("/signin");

/** Whether some draft lies in this browser. */
function drafted(): boolean {
  return keptKeys().some((k) => k.startsWith("meridian.draft."));
}

export function SignIn() {
  const { t } = useTranslation("signin");
  const search = route.useSearch() as { back?: string; error?: string; ended?: true; retry?: number };
  const router = useRouter();
  const methods = $api.useQuery("get", "/api/v1/session/methods");
  const first = methods.data?.first_user ?? false;
  const [error, setError] = useState<unknown>();
  const signIn = $api.useMutation("post", "/api/v1/session");
  const form = useForm({
    initialValues: { name: "", password: "", token: "" },
    validate: {
      name: (v) => (v ? null : t("needed")),
      password: (v) => (v ? null : t("needed")),
      token: (v) => (!first || v ? null : t("needed")),
    },
  });
  const title = t(first ? "first_title" : "title");
  useEffect(() => {
    document.title = `${title} · Meridian`;
  }, [title]);

  const submit = form.onSubmit(async ({ name, password, token }) => {
    setError(undefined);
    try {
      await signIn.mutateAsync({ body: first ? { name, password, token: token.trim() } : { name, password } });
      queryClient.clear();
      await queryClient.fetchQuery(whoQuery);
      await router.navigate({ href: safe(search.back ?? onTheWay()), replace: true });
    } catch (err) {
      setError(err);
    }
  });

  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack w={400} maw="100%" gap="md">
        <Group justify="space-between">
          <Mark />
          <Group gap={4}>
            <LanguageMenu />
            <SchemeMenu />
          </Group>
        </Group>
        <Card withBorder shadow="sm" p="lg">
          <form onSubmit={submit} noValidate>
            <Stack gap="sm">
              <Title order={1}>{title}</Title>
              {first && (
                <Text fz="sm" c="dimmed">
                  {t("first_about")}
                </Text>
              )}
              {search.ended && !search.error && !error && (
                <Alert variant="light" role="status">
                  {t(drafted() ? "ended_draft" : "ended")}
                </Alert>
              )}
              {search.error && !error && (
                <Alert color="red" variant="light" role="alert" title={t("came_back")}>
                  {t(`error.${search.error}`, t("error.other", { code: search.error }))}
                  {search.retry ? ` ${t("retry", { time: duration(search.retry) })}` : ""}
                </Alert>
              )}
              {error !== undefined && <Problem error={error} />}
              {methods.error && <Problem error={methods.error} retry={() => void methods.refetch()} />}
              {first && <PasswordInput label={t("token")} autoComplete="off" {...form.getInputProps("token")} />}
              <TextInput label={t("name")} autoComplete="username" autoFocus {...form.getInputProps("name")} />
              <PasswordInput
                label={t("password")}
                description={first ? t("password_hint") : undefined}
                autoComplete={first ? "new-password" : "current-password"}
                {...form.getInputProps("password")}
              />
              <Button type="submit" loading={signIn.isPending} fullWidth mt="xs">
                {t(first ? "create" : "submit")}
              </Button>
              {methods.data?.oidc && !first && (
                <>
                  <Divider label={t("or")} />
                  {methods.data.oidc === "ready" ? (
                    <Button
                      component="a"
                      href="/api/v1/session/oidc"
                      onClick={() => leaveFor(safe(search.back ?? onTheWay(true)))}
                      variant="default"
                      fullWidth
                    >
                      {t("oidc", { issuer: methods.data.issuer ? new URL(methods.data.issuer).host : "OIDC" })}
                    </Button>
                  ) : (
                    <Text fz="sm" c="dimmed">
                      {t("oidc_down")}
                    </Text>
                  )}
                </>
              )}
            </Stack>
          </form>
        </Card>
      </Stack>
    </Center>
  );
}
