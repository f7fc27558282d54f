// Sentences that the server makes, in the reader's language: by their code and args;
// the server's own English text where there is no translation.
import type { Problem } from "@/api/client";
import { i18n } from ".";

export type Said = { code?: string; args?: Record<string, unknown>; text: string };

/** Namespace "said" has one sentence per code of codes.gen.json. */
export function say(s: Said | undefined): string {
  if (!s) return "";
  if (!s.code || i18n.language === "en") return s.text;
  const key = s.code.replaceAll(".", "_");
  return i18n.exists(key, { ns: "said" }) ? i18n.t(key, { ns: "said", ...s.args }) : s.text;
}

/** A problem document in one sentence; its details name fields and stay as they are. */
export function sayProblem(p: Problem): string {
  if (i18n.language === "en" && p.detail) return p.detail;
  return i18n.exists(`problem_code.${p.code}`) ? i18n.t(`problem_code.${p.code}`) : p.detail;
}
