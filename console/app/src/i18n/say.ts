// Sentences that the server makes, in the reader's language: by their code and args;
// the server's own English text where there is no translation.
import type { Problem, Schemas } from "@/api/client";
import { i18n } from ".";

export type Said = { code?: string; args?: Record<string, unknown>; text: string };

type Words = Record<string, string> & { word?: Record<string, string> };

// What the words of a sentence may be, by the name of their place: states, steps, things.
// Anything else is a name, a number or a text of somebody's, and stands as it is.
const words = /^(to\d?|from|state|step|action|phase|verb|judgement|kind)$/;
const things = /^(what|users|join)$/;
const parts = /, | and | or /;

/**
 * Namespace "said" has one sentence per code of codes.gen.json, its dots as _, in every language
 * but English. The blanks are filled here and not by i18next: an argument named count asks for no
 * plural, and what stands in one is never taken for more to translate.
 */
export function say(s: Said | undefined): string {
  if (!s) return "";
  if (!s.code || i18n.language === "en") return s.text;
  const all = i18n.getResourceBundle(i18n.language, "said") as Words | undefined;
  const sentence = all?.[s.code.replaceAll(".", "_")];
  if (!sentence) return s.text;
  const { code, args } = s;
  // A blank that an older or newer server does not fill would be a hole.
  if ([...sentence.matchAll(/{{(\w+)}}/g)].some((m) => args?.[m[1] ?? ""] === undefined)) return s.text;
  return sentence.replace(/{{(\w+)}}/g, (_, name: string) => part(all, code, name, args?.[name]));
}

function part(all: Words, code: string, name: string, v: unknown): string {
  if (Array.isArray(v)) return v.map((one) => part(all, code, name, one)).join("、");
  if (typeof v === "object" && v !== null) return say(v as Said);
  const text = String(v);
  if (words.test(name) && !code.startsWith("finding.is_use")) return all.word?.[text] ?? text;
  if (things.test(name) && /^(finding|problem)\./.test(code))
    return text
      .split(parts)
      .map((p) => thing(all, p))
      .join("、");
  return text;
}

/** "Access domain www/A": the kind is a word, the name is not. */
function thing(all: Words, text: string): string {
  const m = /^(access domain|[a-z_]+) (\S+)$/i.exec(text);
  const kind = m && all.word?.[(m[1] ?? "").toLowerCase()];
  return kind ? `${kind} ${m[2]}` : text;
}

/** What is found at a field: the words of the server begin small, since they follow its name. */
export function sayFinding(f: Schemas["Finding"]): string {
  return say(f.said ?? { text: f.message });
}

/** What is found at the field of a form, if anything is. */
export function foundAt(p: Problem | undefined, is: (field: string) => boolean): string | undefined {
  const found = p?.errors?.find((f) => is(f.field ?? ""));
  return found && sayFinding(found);
}

/** A problem document in one sentence. */
export function sayProblem(p: Problem): string {
  const detail = say(p.said ?? { text: p.detail });
  if (i18n.language === "en" ? detail : detail !== p.detail) return detail;
  return i18n.exists(`problem_code.${p.code}`) ? i18n.t(`problem_code.${p.code}`) : p.detail;
}
