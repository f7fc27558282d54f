import { Button, Card, FileButton, Group } from "@mantine/core";
import { IconFileImport, IconPlus, IconRocket, IconRoute } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useCan } from "@/api/session";
import { Empty } from "@/components/Empty";
import { Problem } from "@/components/Problem";
import { useImport } from "./useImport";

/** Nothing is configured: three ways to begin. */
export function Begin() {
  const { t } = useTranslation("overview");
  const can = useCan("operator");
  const { take, example, busy, error } = useImport();
  return (
    <Card withBorder>
      <Empty
        icon={IconRoute}
        title={t("begin")}
        actions={
          can && (
            <Group justify="center">
              <Button component={Link} to="/domains/new" leftSection={<IconPlus size={16} aria-hidden />}>
                {t("begin_scenario")}
              </Button>
              <FileButton onChange={(f) => f && void take(f)} accept=".yaml,.yml,.json,text/yaml,application/yaml">
                {(props) => (
                  <Button {...props} variant="default" loading={busy} leftSection={<IconFileImport size={16} aria-hidden />}>
                    {t("begin_file")}
                  </Button>
                )}
              </FileButton>
              <Button variant="default" loading={busy} onClick={() => void example()} leftSection={<IconRocket size={16} aria-hidden />}>
                {t("begin_example")}
              </Button>
            </Group>
          )
        }
      >
        {t(can ? "begin_about" : "begin_viewer")}
      </Empty>
      {error ? <Problem error={error} /> : null}
    </Card>
  );
}
