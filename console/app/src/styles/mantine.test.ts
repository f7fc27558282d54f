import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "..");
const styles = join(src, "../node_modules/@mantine/core/styles");

test("every component of Mantine that is used brings its style", () => {
  const imported = readFileSync(join(src, "styles/mantine.css"), "utf8");
  const used = new Set<string>();
  for (const f of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    if (!/\.tsx?$/.test(f)) continue;
    for (const m of readFileSync(join(src, f), "utf8").matchAll(/import (?:type )?{([^}]*)} from "@mantine\/core"/g))
      for (const n of (m[1] ?? "").split(",")) used.add(n.trim().split(" ")[0] ?? "");
  }
  expect(used.size).toBeGreaterThan(20);
  const missing = [...used].filter((n) => n && existsSync(join(styles, `${n}.css`)) && !imported.includes(`/${n}.css"`));
  expect(missing).toEqual([]);
});
