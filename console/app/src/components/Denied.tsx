import { IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Role, useCan, useWho } from "@/api/session";
import { Empty } from "./Empty";
import { Page } from "./Page";

/** A page for one role: others are told which role it takes and which they have. */
export function Need({ of, title, children }: { of: Role; title: string; children: ReactNode }) {
  const { t } = useTranslation();
  const who = useWho();
  if (useCan(of)) return <>{children}</>;
  return (
    <Page title={title}>
      <Empty icon={IconLock} title={t("denied.title")}>
        {t("denied.why", { need: t(`role.${of}`), have: t(`role.${who.role || "none"}`), name: who.name })}
      </Empty>
    </Page>
  );
}
