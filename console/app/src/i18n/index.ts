// Words in two languages. Each area has its own namespace beside its pages
// (pages/AREA/locales/{en,zh}.json), loaded with the area; "common" is the shell's,
// "said" is what the server says (say.ts).
import i18n from "i18next";
import { initReactI18next } from "react-i18next";
import { keep, kept } from "@/lib/storage";

export const languages = ["en", "zh"] as const;
export type Language = (typeof languages)[number];

const files = import.meta.glob<{ default: Record<string, unknown> }>(["./locales/*.json", "../**/locales/*.json"]);

function fileOf(language: string, namespace: string) {
  if (namespace === "common") return files[`./locales/${language}.json`];
  for (const folder of ["pages", "."]) {
    const found = files[folder === "." ? `../${namespace}/locales/${language}.json` : `../${folder}/${namespace}/locales/${language}.json`];
    if (found) return found;
  }
  return undefined;
}

/** The language that was chosen, else the browser's first that we speak. */
export function preferredLanguage(): Language {
  const chosen = kept("meridian.language");
  if (chosen === "en" || chosen === "zh") return chosen;
  for (const l of navigator.languages) {
    const short = l.toLowerCase().split("-")[0];
    if (short === "en" || short === "zh") return short;
  }
  return "en";
}

/** BCP 47 tag for Intl and for <html lang>. */
export function locale(): string {
  return i18n.language === "zh" ? "zh-CN" : "en";
}

export async function startI18n(): Promise<void> {
  await i18n
    .use({
      type: "backend",
      read(language: string, namespace: string, done: (err: unknown, data?: unknown) => void) {
        // What the server says is English already.
        if (namespace === "said" && language === "en") {
          done(null, {});
          return;
        }
        const load = fileOf(language, namespace);
        if (!load) {
          done(new Error(`no words of ${namespace} in ${language}`));
          return;
        }
        load().then(
          (m) => done(null, m.default),
          (err) => done(err),
        );
      },
    })
    .use(initReactI18next)
    .init({
      lng: preferredLanguage(),
      supportedLngs: languages,
      fallbackLng: false,
      ns: ["common"],
      defaultNS: "common",
      fallbackNS: "common",
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
      saveMissing: true,
      // A word that nobody wrote fails every browser test (e2e/harness.ts listens).
      missingKeyHandler(_, namespace, key, fallback) {
        if (fallback === key) window.dispatchEvent(new CustomEvent("meridian:missing-word", { detail: `${namespace}:${key}` }));
      },
    });
  document.documentElement.lang = locale();
}

export async function setLanguage(language: Language): Promise<void> {
  keep("meridian.language", language);
  await i18n.changeLanguage(language);
  document.documentElement.lang = locale();
}

// The first view does without the server's sentences until it has some to say.
const light = new Set(["common", "overview", "signin"]);

/** Loads the words of an area before its page is drawn, so that nothing flickers; with them the server's sentences. */
export function words(...namespaces: string[]): () => Promise<void> {
  return () => i18n.loadNamespaces(namespaces.every((n) => light.has(n)) ? namespaces : [...namespaces, "said"]);
}

export { i18n };
