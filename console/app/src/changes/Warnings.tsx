import { Alert, List } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { sayFinding } from "@/i18n/say";
import { changeName } from "./Changes";

/** What the server warns of; it does not stand in the way. */
export function Warnings({ list }: { list: Schemas["Finding"][] }) {
  const { t } = useTranslation("changes");
  if (list.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t("warnings", { count: list.length })}>
      <List fz="sm">
        {list.slice(0, 50).map((w) => (
          <List.Item key={`${w.kind}${w.name}${w.field}${w.code}${w.message}`}>
            {w.line ? `${t("at_line", { line: w.line })} ` : ""}
            {w.kind && w.name && w.name !== "(new)" ? `${t(`common:kind_one.${w.kind}`)} ${changeName(w.kind, w.name)}: ` : ""}
            {sayFinding(w)}
          </List.Item>
        ))}
      </List>
      {list.length > 50 && t("and_more", { count: list.length - 50 })}
    </Alert>
  );
}
