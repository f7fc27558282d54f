// What holds for every page: it is found, axe finds nothing serious, nothing is reported on the
// console, the policy holds, and it is no wider than the screen, in both languages and schemes.
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, signIn, startMeridian } from "./harness";
import { heading, pages } from "./pages";

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian({ quickstart: new URL("tour/demo.yaml", import.meta.url).pathname });
  await makeUser(m);
  await m.endpoint("127.0.1.31", "down");
  await m.endpoint("127.0.1.32", "down");
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

for (const [look, options] of [
  ["English, light", { locale: "en-US", colorScheme: "light" as const }],
  ["Chinese, dark", { locale: "zh-CN", colorScheme: "dark" as const }],
  ["Chinese, a phone", { locale: "zh-CN", colorScheme: "light" as const, viewport: { width: 390, height: 844 } }],
] as const) {
  test(`every page: ${look}`, { timeout: 240_000 }, async () => {
    const { page, context, faults } = await newPage(m, options);
    await signIn(page);
    const bad: string[] = [];
    for (const s of pages) {
      await page.goto(s.path);
      await (s.ready ?? heading)(page);
      const title = await page.getByRole("heading", { level: 1 }).first().textContent();
      if (/^(Not found|未找到|This page failed|页面出错)$/.test(title ?? "")) bad.push(`${s.path}: ${title}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 1) bad.push(`${s.path}: ${wide} px too wide`);
      try {
        await expectAccessible(page, s.path);
      } catch (err) {
        bad.push(`${s.path}: ${JSON.stringify((err as { actual?: unknown }).actual ?? String(err)).slice(0, 900)}`);
      }
      bad.push(...faults.splice(0).map((f) => `${s.path}: ${f}`));
    }
    expect(bad).toEqual([]);
    await context.close();
  });
}
