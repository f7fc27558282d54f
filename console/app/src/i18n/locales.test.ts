// Both languages say everything, with the same blanks.
import { expect, test } from "vitest";

const files = import.meta.glob<{ default: object }>(["./locales/*.json", "../**/locales/*.json", "!../said/**"], { eager: true });

function flat(o: object, at = ""): [string, string][] {
  return Object.entries(o).flatMap(([k, v]) => (typeof v === "object" ? flat(v, `${at}${k}.`) : [[at + k, String(v)] as [string, string]]));
}
const blanks = (s: string) => [...s.matchAll(/{{\s*(\w+)/g)].map((m) => m[1]).sort();
// Chinese has no plural forms: i18next asks for _other alone.
const plural = /_(one|other)$/;

const english = Object.keys(files).filter((f) => f.endsWith("/en.json"));

test("there are words", () => expect(english.length).toBeGreaterThan(1));

test.each(english)("%s has its Chinese twin", (file) => {
  const twin = files[file.replace(/en\.json$/, "zh.json")];
  expect(twin, "zh.json is missing").toBeDefined();
  const en = new Map(flat(files[file]?.default ?? {}));
  const zh = new Map(flat(twin?.default ?? {}));
  const bare = (m: Map<string, string>) => [...new Set([...m.keys()].map((k) => k.replace(plural, "")))].sort();
  expect(bare(zh)).toEqual(bare(en));
  for (const [k, v] of zh) {
    expect(v.trim(), k).not.toBe("");
    const other = en.get(k) ?? en.get(k.replace(plural, "")) ?? en.get(`${k}_other`);
    expect(blanks(v), k).toEqual(blanks(other ?? ""));
  }
});
