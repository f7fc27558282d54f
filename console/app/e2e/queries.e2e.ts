import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, shots, signIn, startMeridian } from "./harness";
import { load } from "./load";

// Networks of China Telecom in Guangdong, of China Unicom in Beijing, and of the United States.
const clients = ["113.96.0.0", "123.112.0.0", "8.8.8.0"];

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian({ quickstart: true });
  await makeUser(m);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

async function shoot(page: Page, name: string): Promise<void> {
  if (shots()) await page.screenshot({ path: `${shots()}/${name}.png`, fullPage: true });
}

test("single queries are seen as they are answered, filtered, paused, and explained", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/queries");
  await page.getByRole("heading", { name: "Live queries", level: 1 }).waitFor();
  await page.locator('[data-tail="listening"]').waitFor();
  await page.getByText("Nothing yet").waitFor();
  await expectAccessible(page, "live queries, none yet");
  const table = page.getByRole("table", { name: "Live queries" });
  await load(
    m.dns,
    clients.map((client) => ({ name: "gtm.example.com", client })),
    12,
    50,
  );
  const row = table.getByRole("row").filter({ hasText: "113.96.0.0/24" }).first();
  await row.getByText("guangzhou").waitFor();
  expect(await row.textContent()).toMatch(/gtm\.example\.com.*China Telecom.*gz-\d.*NOERROR/);
  await expectAccessible(page, "live queries");
  await shoot(page, "queries");

  // 200 a second: the page draws what is seen and no more, and goes on answering.
  await page.getByLabel("Most queries a second that are shown").first().click();
  await page.getByRole("option", { name: "at most 500 a second" }).click();
  expect(new URL(page.url()).searchParams.get("rate")).toBe("500");
  await page.locator('[data-tail="listening"]').waitFor();
  await page.evaluate(() => {
    const w = window as unknown as { slow: number[] };
    w.slow = [];
    new PerformanceObserver((l) => w.slow.push(...l.getEntries().map((e) => e.duration))).observe({ type: "longtask" });
  });
  await load(
    m.dns,
    clients.map((client) => ({ name: "gtm.example.com", client })),
    800,
    200,
  );
  await table.getByRole("row").nth(20).waitFor();
  expect(Number(await table.getAttribute("aria-rowcount"))).toBeGreaterThan(600);
  expect(await table.getByRole("row").count()).toBeLessThan(60);
  const slow = await page.evaluate(() => (window as unknown as { slow: number[] }).slow);
  expect(Math.max(0, ...slow), `long tasks: ${slow}`).toBeLessThan(400);

  // A filter is in the address, and what does not pass it does not come.
  await page.getByLabel("Response code").first().click();
  await page.getByRole("option", { name: "NXDOMAIN" }).click();
  await page.waitForURL(/rcode=NXDOMAIN/);
  await page.locator('[data-tail="listening"]').waitFor();
  await load(m.dns, [{ name: "gtm.example.com" }, { name: "absent.example.com" }], 4, 50);
  await table.getByRole("row").filter({ hasText: "absent.example.com" }).first().waitFor();
  expect(await table.getByRole("row").filter({ hasText: "gtm.example.com" }).count()).toBe(0);

  // While paused the list stands and counts what came.
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator('[data-tail="paused"]').waitFor();
  await load(m.dns, [{ name: "later.example.com" }], 3, 50);
  await page.getByRole("button", { name: "Go on (3 new)" }).waitFor();
  expect(await table.getByRole("row").filter({ hasText: "later.example.com" }).count()).toBe(0);
  await page.getByRole("button", { name: "Go on (3 new)" }).click();
  await table.getByRole("row").filter({ hasText: "later.example.com" }).first().waitFor();

  // What cannot be asked for is said, and the input stays.
  await page.goto("/queries?client=nonsense");
  await page.getByRole("alert").getByText("client", { exact: true }).waitFor();
  await page.goto("/queries");
  await page.locator('[data-tail="listening"]').waitFor();
  await load(m.dns, [{ name: "gtm.example.com", client: clients[0] as string }], 1);
  await table.getByRole("link", { name: "Why was gtm.example.com answered so for 113.96.0.0/24?" }).click();
  await page.waitForURL(/\/explain\?name=gtm\.example\.com&type=A&client=113\.96\.0\.0%2F24/);
  expect(faults).toEqual([]);
  await context.close();
});

test("live queries in Chinese, dark, on a phone; a viewer is told why not", async () => {
  const { page, context, faults } = await newPage(m, { locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } });
  await signIn(page);
  await page.goto("/queries");
  await page.locator('[data-tail="listening"]').waitFor();
  await load(m.dns, [...clients.map((client) => ({ name: "gtm.example.com", client })), { name: "absent.example.com" }], 12, 100);
  await page.getByRole("table", { name: "实时查询" }).getByRole("row").filter({ hasText: "absent.example.com" }).first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await expectAccessible(page, "live queries, Chinese, dark, phone");
  await shoot(page, "queries-zh-dark-phone");
  expect(faults).toEqual([]);
  await context.close();
  await makeUser(m, "vic", [{ role: "viewer" }]);
  const viewer = await newPage(m);
  await signIn(viewer.page, "vic");
  await viewer.page.goto("/queries");
  await viewer.page.getByRole("heading", { name: "For operators" }).waitFor();
  expect(viewer.faults).toEqual([]);
  await viewer.context.close();
});
