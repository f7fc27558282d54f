import { Alert, Button, List, Text } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { ApiError, type Problem as Document } from "@/api/client";
import { sayFinding, sayProblem } from "@/i18n/say";

export function problemOf(err: unknown): Document | undefined {
  return err instanceof ApiError ? err.problem : undefined;
}

/** What went wrong, in the reader's language, with each field and the request's id for the log. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const p = problemOf(error);
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertCircle aria-hidden />}
      title={p ? t(`status.${p.status}`, t("status.other")) : t("status.other")}
      role="alert"
    >
      <Text fz="sm">{p ? sayProblem(p) : String(error)}</Text>
      {p?.errors && p.errors.length > 0 && (
        <List fz="sm" mt="xs">
          {p.errors.slice(0, 20).map((f) => (
            <List.Item key={`${f.field}${f.code}${f.message}`}>
              <span className="mono">{f.field}</span> {sayFinding(f)}
            </List.Item>
          ))}
        </List>
      )}
      {p?.request_id && (
        <Text fz="xs" c="dimmed" mt="xs">
          {t("problem.request", { id: p.request_id })}
        </Text>
      )}
      {retry && (
        <Button mt="sm" size="xs" variant="default" onClick={retry}>
          {t("action.retry")}
        </Button>
      )}
    </Alert>
  );
}
