import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, shots, signIn, startMeridian } from "./harness";
import { load } from "./load";

const weighted = {
  put: [
    {
      kind: "pool",
      body: {
        name: "mixed",
        type: "IPv4",
        policy: "weighted",
        members: [
          { address: "bj-1", weight: 3 },
          { address: "fra-1", weight: 1 },
        ],
      },
    },
    { kind: "access_domain", body: { name: "shared.example.com", type: "A", policy: "round_robin", pools: [{ pool: "mixed" }] } },
  ],
};

// Networks of China Telecom in Guangdong, of China Unicom in Beijing, and of the United States.
const clients = ["113.96.0.0", "123.112.0.0", "8.8.8.0"];
const gtm = 600;
const shared = 2000;

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian({ quickstart: true });
  await makeUser(m);
  await m.api("POST", "/changes", weighted);
  for (let i = 0; (await m.dig("shared.example.com")).length === 0; i++) {
    if (i > 100) throw new Error("shared.example.com is not answered");
    await new Promise((r) => setTimeout(r, 50));
  }
  await load(
    m.dns,
    clients.map((client) => ({ name: "gtm.example.com", client })),
    gtm,
  );
  await load(m.dns, [{ name: "shared.example.com", client: clients[1] as string }], shared);
  await load(m.dns, [{ name: "nothing.example.com" }, { name: "mail.example.com", type: 28 }], 40);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

type Counts = { total: number; series: { key: Record<string, string>; total: number }[] };

/** Waits until control has counted what was sent. */
async function counted(): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const c = await m.api<Counts>("GET", "/stats/queries?group_by=name&totals=true");
    if (
      (c.series.find((s) => s.key.name === "gtm.example.com")?.total ?? 0) >= gtm &&
      (c.series.find((s) => s.key.name === "shared.example.com")?.total ?? 0) >= shared
    )
      return;
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Error("the queries were not counted");
}

async function shoot(page: Page, name: string): Promise<void> {
  if (!shots()) return;
  await page.locator('[data-chart="loading"]').waitFor({ state: "detached" });
  await page.screenshot({ path: `${shots()}/${name}.png`, fullPage: true });
}

test("what was sent is counted, told apart, and followed from a name down to an address", async () => {
  const { page, context, faults } = await newPage(m, { acceptDownloads: true });
  await signIn(page);
  await counted();
  await page.goto("/traffic");
  await page.getByRole("heading", { name: "Traffic", level: 1 }).waitFor();
  const table = page.getByRole("table", { name: "Ranking by Name" });
  await table.getByRole("link", { name: "shared.example.com", exact: true }).waitFor();
  await page.locator('[data-chart="drawn"]').first().waitFor();
  await shoot(page, "traffic");
  await expectAccessible(page, "traffic");

  // Success and its opposites: 20 NXDOMAIN and 20 NODATA of some 2640.
  await page.getByText("NXDOMAIN", { exact: true }).waitFor();
  await page.getByText("0.8%", { exact: true }).first().waitFor();

  // Estimated networks and countries are called so.
  await page.getByRole("table", { name: "Countries of clients" }).getByRole("link", { name: "China", exact: true }).waitFor();
  expect(await page.getByText(/Estimated from samples/).count()).toBeGreaterThan(0);

  // Down: name, line, pool, address. The whole way is in the address and in the trail.
  await table.getByRole("link", { name: "gtm.example.com", exact: true }).click();
  const lines = page.getByRole("table", { name: "Ranking by Line" });
  await lines.getByRole("link", { name: "China Telecom", exact: true }).waitFor();
  await expectAccessible(page, "traffic of a name");
  await shoot(page, "traffic-name");
  const row = lines.getByRole("row").filter({ has: page.getByRole("link", { name: "China Telecom", exact: true }) });
  expect(await row.textContent()).toContain("33.3%");
  await lines.getByRole("link", { name: "China Telecom", exact: true }).click();
  const pools = page.getByRole("table", { name: "Ranking by Pool" });
  await pools.getByRole("link", { name: "guangzhou", exact: true }).click();
  await page.getByRole("table", { name: "Ranking by Address" }).getByRole("link", { name: "gz-1", exact: true }).waitFor();
  const url = new URL(page.url());
  expect(Object.fromEntries(url.searchParams)).toEqual({
    name: "gtm.example.com",
    type: "A",
    line: "telecom",
    pool: "guangzhou",
    by: "address",
  });
  await page.reload();
  await page.getByRole("table", { name: "Ranking by Address" }).getByRole("link", { name: "gz-2", exact: true }).waitFor();
  const trail = page.getByRole("navigation", { name: "Filters" });
  await trail.getByRole("link", { name: "Line: China Telecom", exact: true }).click();
  await page.getByRole("table", { name: "Ranking by Pool" }).waitFor();
  await trail.getByRole("button", { name: "Remove Line: China Telecom" }).click();
  await trail.getByRole("link", { name: "All traffic", exact: true }).click();
  await table.waitFor();

  // By code and by outcome.
  await page.getByRole("combobox", { name: "Tell apart by" }).click();
  await page.getByRole("option", { name: "Outcome" }).click();
  await page.getByRole("table", { name: "Ranking by Outcome" }).getByText("No such name (NXDOMAIN)").waitFor();
  expect(new URL(page.url()).searchParams.get("by")).toBe("outcome");

  // What is shown can be taken away.
  await page.goto("/traffic?by=name");
  await table.getByRole("link", { name: "shared.example.com", exact: true }).waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: "Ranking (CSV)" }).click();
  const file = await (await download).path();
  expect(readFileSync(file, "utf8")).toMatch(/^\uFEFFName,Query type,Queries,Share,.*\r\nshared\.example\.com,A,20\d\d,0\.7/);
  expect(faults).toEqual([]);
  await context.close();
});

test("realised shares stand beside configured ones, and noise is no fault", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await counted();
  await page.goto("/traffic?name=shared.example.com&type=A&by=address");
  const table = page.getByRole("table", { name: "Shares of shared.example.com/A" });
  const row = table.getByRole("row").filter({ hasText: "bj-1" });
  await row.getByText("75%", { exact: true }).waitFor();
  expect(await row.textContent()).toMatch(/7\d(\.\d)?%.*Within chance/);
  expect(await table.getByText("Differs").count()).toBe(0);
  await page.getByText("chance ±").first().waitFor();
  await shoot(page, "traffic-shares");
  // Of a time of which nothing is known nothing is said.
  await page.goto("/traffic?from=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z");
  await page.getByRole("heading", { name: "Nothing is known of this time" }).waitFor();
  await expectAccessible(page, "traffic of an unknown time");
  expect(faults).toEqual([]);
  await context.close();
});

test("in Chinese, dark, on a phone", async () => {
  const { page, context, faults } = await newPage(m, { locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } });
  await signIn(page);
  await counted();
  await page.goto("/traffic?name=gtm.example.com&type=A&by=line");
  await page.getByRole("heading", { name: "流量", level: 1 }).waitFor();
  await page.getByRole("table", { name: "排行（按线路）" }).getByRole("link", { name: "中国电信", exact: true }).waitFor();
  await page.locator('[data-chart="drawn"]').first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await expectAccessible(page, "traffic, Chinese, dark, phone");
  await shoot(page, "traffic-zh-dark-phone");
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/traffic");
  await page.getByRole("table", { name: "排行（按域名）" }).getByRole("link", { name: "shared.example.com", exact: true }).waitFor();
  await shoot(page, "traffic-zh-dark");
  expect(faults).toEqual([]);
  await context.close();
});
