// Acts on people and tokens: each is asked for once more, done, said, and refused in clear words.
import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import { notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { ApiError, refresh } from "@/api/client";
import { i18n } from "@/i18n";
import { sayProblem } from "@/i18n/say";

/** Why it was refused, for people: the last admin is told what to do first. */
export function refusal(err: unknown): string {
  if (err instanceof ApiError) {
    if (err.code === "last_admin") return i18n.t("access:last_admin");
    return sayProblem(err.problem);
  }
  return String(err);
}

export async function attempt(done: string, f: () => Promise<unknown>): Promise<boolean> {
  try {
    await f();
    refresh("/users", "/tokens", "/sessions", "/audit");
    notifications.show({ color: "green", message: done });
    return true;
  } catch (err) {
    notifications.show({ color: "red", title: i18n.t("access:refused"), message: refusal(err), autoClose: 10_000 });
    return false;
  }
}

export function confirm(o: { title: string; text: ReactNode; button: string; danger?: boolean; act: () => void }): void {
  modals.openConfirmModal({
    title: o.title,
    children: (
      <Text fz="sm" component="div">
        {o.text}
      </Text>
    ),
    labels: { confirm: o.button, cancel: i18n.t("common:action.cancel") },
    ...(o.danger ? { confirmProps: { color: "red" } } : {}),
    closeButtonProps: { "aria-label": i18n.t("common:action.close") },
    onConfirm: o.act,
  });
}
