// Makes the pictures of the manual anew: every page on a server with the shop of demo.yaml, one endpoint
// broken, queries from many places. Written to docs/manual/console, or to MERIDIAN_SHOTS in all
// looks (both languages, light and dark, wide and narrow) for whoever reviews them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { closeBrowser, makeUser, newPage, signIn, startMeridian } from "../harness";
import { load, type Query } from "../load";
import { heading, pages } from "../pages";

const here = new URL(".", import.meta.url).pathname;
const clients = [
  "202.96.128.0",
  "113.96.0.0",
  "123.125.71.0",
  "117.131.0.0",
  "211.136.17.0",
  "8.8.8.0",
  "80.241.0.0",
  "133.242.0.0",
  "175.45.176.0",
  "103.28.248.0",
];

test("the tour", async () => {
  const review = process.env.MERIDIAN_SHOTS;
  const out = review ?? join(here, "../../../../docs/manual/console");
  mkdirSync(out, { recursive: true });
  const only = process.env.MERIDIAN_ONLY?.split(",");
  const m = await startMeridian({ quickstart: join(here, "demo.yaml") });
  try {
    await makeUser(m);
    const queries: Query[] = clients.flatMap((client, i) => [
      ...Array.from({ length: 3 + (i % 4) }, () => ({ name: "shop.example.com", client })),
      { name: "api.example.com", client },
      { name: "pay.example.com", client },
    ]);
    queries.push({ name: "example.com", type: 15 }, { name: "nothing.example.com" }, { name: "www.example.com", client: "8.8.8.0" });
    await load(m.dns, queries, 6_000);
    await m.endpoint("127.0.1.12", "down");
    await m.endpoint("127.0.1.31", "down");
    await m.endpoint("127.0.1.32", "down");
    await m.api("POST", "/overrides", { action: "drain", target: "address/fra-2", reason: "Kernel upgrade", for: "2h" });
    await load(m.dns, queries, 12_000);
    await new Promise((r) => setTimeout(r, 12_000)); // counts travel each ten seconds

    const looks = review
      ? [
          { tag: "en-light", o: { locale: "en-US", colorScheme: "light" as const } },
          { tag: "zh-dark", o: { locale: "zh-CN", colorScheme: "dark" as const } },
          { tag: "en-dark", o: { locale: "en-US", colorScheme: "dark" as const } },
          { tag: "zh-light", o: { locale: "zh-CN", colorScheme: "light" as const } },
          { tag: "zh-phone", o: { locale: "zh-CN", colorScheme: "light" as const, viewport: { width: 390, height: 844 } } },
        ].filter((l) => !process.env.MERIDIAN_LOOKS || process.env.MERIDIAN_LOOKS.split(",").includes(l.tag))
      : [{ tag: "", o: { locale: "en-US", colorScheme: "light" as const } }];
    const bad: string[] = [];
    for (const look of looks) {
      const { page, context, faults } = await newPage(m, look.o);
      await signIn(page);
      await load(m.dns, queries, 400);
      for (const s of pages) {
        if ((only && !only.includes(s.file)) || (!review && !s.manual)) continue;
        await page.goto(s.path);
        await (s.ready ?? heading)(page);
        await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => {}); // the stream never idles
        await page.waitForTimeout(600);
        await page.screenshot({
          path: join(out, `${s.file}${look.tag && `-${look.tag}`}.png`),
          fullPage: Boolean(review) && look.tag.endsWith("phone"),
        });
        bad.push(...faults.splice(0).map((f) => `${look.tag} ${s.path}: ${f}`));
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 1) bad.push(`${look.tag} ${s.path}: ${wide} px too wide`);
      }
      await context.close();
    }
    expect(bad).toEqual([]);
  } finally {
    await closeBrowser();
    await m.stop();
  }
});
