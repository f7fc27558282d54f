import { Button, Container } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Empty } from "@/components/Empty";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t("not_found.title")}>
      <Empty
        icon={IconMapOff}
        title={t("not_found.what")}
        actions={
          <Button component={Link} to="/">
            {t("not_found.home")}
          </Button>
        }
      >
        {t("not_found.why")}
      </Empty>
    </Page>
  );
}

/** A page that could not be drawn or loaded. After an upgrade old files are gone: loading anew helps. */
export function Broken({ error }: { error: unknown }) {
  const router = useRouter();
  const { t } = useTranslation();
  const gone = error instanceof Error && /dynamically imported module|Importing a module|preload/i.test(error.message);
  return (
    <Container size="sm" py="xl">
      <Page title={t(gone ? "broken.upgraded" : "broken.title")}>
        {gone ? (
          <Button onClick={() => window.location.reload()}>{t("broken.reload")}</Button>
        ) : (
          <Problem error={error} retry={() => void router.invalidate()} />
        )}
      </Page>
    </Container>
  );
}
