// Words in two languages. Each area has its own namespace beside its pages
// (pages/AREA/locales/{en,zh}.json), loaded with the area; "common" is the shell's.
import i18n from "i18next";
import { initReactI18next } from "react-i18next";

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
  const chosen = localStorage.getItem("meridian.language");
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
  localStorage.setItem("meridian.language", language);
  await i18n.changeLanguage(language);
  document.documentElement.lang = locale();
}

/** Loads the words of an area before its page is drawn, so that nothing flickers. */
export function words(...namespaces: string[]): () => Promise<void> {
  return () => i18n.loadNamespaces(namespaces);
}

export { i18n };
