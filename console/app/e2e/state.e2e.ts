import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, shots, signIn, startMeridian } from "./harness";

let m: Meridian;
let node = "";
let incident = "";

beforeAll(async () => {
  m = await startMeridian({ quickstart: true });
  await makeUser(m);
  node = (await m.api<{ items: { id: string }[] }>("GET", "/nodes")).items[0]?.id ?? "";
  const place = (latitude: number, longitude: number) => ({ location: { latitude, longitude } });
  await m.api("POST", "/changes", {
    put: await Promise.all(
      Object.entries({ "fra-1": place(50.1, 8.7), "fra-2": place(50.2, 8.6), "gz-1": place(23.1, 113.3), "bj-1": place(39.9, 116.4) }).map(
        async ([name, location]) => {
          const a = await m.api<Record<string, unknown>>("GET", `/addresses/${name}`);
          return { kind: "address", body: { name, address: a.address, tasks: a.tasks, labels: a.labels, ...location } };
        },
      ),
    ),
  });
  for (const subnet of ["8.8.8.0/24", "202.96.128.0/24", "81.2.69.0/24"]) await m.dig("gtm.example.com", "A", subnet);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

/** Waits until the servers have decided, and returns at that moment. */
async function verdict(states: Record<string, string>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const { items } = await m.api<{ items: { address: string; state: string }[] }>("GET", "/health");
    if (Object.entries(states).every(([a, s]) => items.find((t) => t.address === a)?.state === s)) return;
    await new Promise((r) => setTimeout(r, 25));
  }
  throw new Error(`no such verdict: ${JSON.stringify(states)}`);
}

// The bar: what a verdict changes is seen within 2 s of it.
const bar = 2_000;

test("a failure is seen within 2 s of the verdict: overview, address, incident; and its end", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.getByRole("heading", { name: "Nothing is wrong" }).waitFor();
  const address = await context.newPage();
  await address.goto("/addresses/fra-1");
  await address.locator('h1 ~ * [data-state="ok"], [data-task="up"]').first().waitFor();

  await Promise.all([m.endpoint("127.0.0.31", "down"), m.endpoint("127.0.0.32", "down")]);
  await verdict({ "fra-1": "down", "fra-2": "down" });
  await Promise.all([
    page.locator('[data-problem="access_domain/gtm.example.com/A"]').getByText("guangzhou").first().waitFor({ timeout: bar }),
    address.locator('[data-task="down"]').waitFor({ timeout: bar }),
    address.locator('[data-transition="unavailable"]').first().waitFor({ timeout: bar }),
  ]);
  const card = page.locator('[data-problem="access_domain/gtm.example.com/A"]');
  // What clients get instead of what they would, the cause, and what else went with it.
  await card.getByText("answers with status 503").first().waitFor();
  expect(await card.locator("[data-instead]").first().textContent()).toMatch(/frankfurt[\s\S]*guangzhou/);
  await card.getByRole("link", { name: "frankfurt" }).waitFor();
  await expectAccessible(page, "overview with a problem");
  if (shots()) await page.screenshot({ path: `${shots()}/overview-problem.png`, fullPage: true });

  await card.getByRole("link", { name: "Incident" }).click();
  await page.waitForURL(/\/incidents\/\d+/);
  incident = new URL(page.url()).pathname;
  for (const step of ["task down", "address unavailable", "pool unavailable"])
    await page.locator(`[data-step="${step}"]`).first().waitFor();
  await page.locator('[data-step^="domain "]').first().waitFor();
  await page.getByText("Going on").first().waitFor();

  await Promise.all([m.endpoint("127.0.0.31", "up"), m.endpoint("127.0.0.32", "up")]);
  await verdict({ "fra-1": "up", "fra-2": "up" });
  await Promise.all([
    page.locator('[data-step="pool available"]').waitFor({ timeout: bar }),
    page.locator("main [data-state=ok]").first().waitFor({ timeout: bar }),
    address.locator('[data-task="up"]').waitFor({ timeout: bar }),
  ]);
  // Before, meanwhile and afterwards.
  const got = page.getByRole("table", { name: "What clients got" });
  expect(await got.textContent()).toMatch(/frankfurt[\s\S]*guangzhou[\s\S]*frankfurt/);
  for (const view of ["Compact", "Full"]) {
    // By the address: a notification of the alert may lie over the switch.
    await page.goto(`${incident}?view=${view.toLowerCase()}`);
    await page.getByRole("table", { name: view }).first().waitFor();
  }
  await page.goto("/incidents?view=timeline");
  await page.locator("[data-lane]").first().waitFor();
  await page.goto("/");
  await page.getByRole("heading", { name: "Nothing is wrong" }).waitFor();
  await page.locator("[data-incident]").first().waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("lists keep what they show in the address, with strips", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/addresses");
  await page.getByRole("link", { name: "fra-1", exact: true }).waitFor();
  await page.locator("svg[data-heartbeat]").first().waitFor();
  expect(await page.locator("svg[data-heartbeat]").count()).toBe(5);
  await page.getByRole("searchbox", { name: "Search" }).fill("gz");
  await page.waitForURL(/q=gz/);
  await page.getByRole("link", { name: "fra-1", exact: true }).waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("link", { name: "gz-2", exact: true }).waitFor();
  await page.goto("/addresses?health=exceptional");
  await page.getByRole("heading", { name: "Nothing matches" }).waitFor();
  await page.goto("/pools?sort=-name");
  await page.getByRole("link", { name: "guangzhou", exact: true }).waitFor();
  expect(await page.locator("tbody tr td:first-child a").allInnerTexts()).toEqual(["guangzhou", "frankfurt", "beijing"]);
  await page.getByRole("link", { name: "frankfurt", exact: true }).click();
  await page.locator('[data-member="fra-2"]').waitFor();
  // The strip is walked by keyboard, and tells what each slot was.
  const strip = page.getByRole("listbox").first();
  await strip.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  expect(await strip.getAttribute("aria-activedescendant")).toBeTruthy();
  await page
    .getByRole("button", { name: "Edit" })
    .or(page.getByRole("link", { name: "Edit" }))
    .first()
    .click();
  await page.waitForURL(/edit=pool/);
  expect(faults).toEqual([]);
  await context.close();
});

test("the map and its table, nodes and vantages", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/map?domain=gtm.example.com%2FA");
  await page.locator('[data-chart="drawn"]').waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Whole world" }).click();
  await page.getByRole("button", { name: /Show as a table/ }).click();
  await page.getByRole("region", { name: "Map" }).getByText("fra-1").waitFor();
  await page.locator('[data-point="fra-1"]').getByRole("link", { name: "fra-1" }).click();
  await page.getByRole("heading", { name: "fra-1", level: 1 }).waitFor();

  await page.goto("/nodes");
  await page.getByRole("link", { name: node }).first().click();
  await page.getByText("Newest applied").waitFor();
  await page.getByText("Queries/s").waitFor();
  await page.goto("/vantages");
  await page.getByRole("link", { name: node }).first().click();
  await page.getByRole("heading", { name: "What it found in the last hour" }).waitFor();

  // Shapes that an administrator puts into the data folder take the place of the built-in ones.
  const square = [
    [-20, 0],
    [140, 0],
    [140, 70],
    [-20, 70],
    [-20, 0],
  ];
  writeFileSync(
    join(m.data, "map.json"),
    JSON.stringify({
      type: "FeatureCollection",
      features: [{ type: "Feature", properties: { name: "all" }, geometry: { type: "Polygon", coordinates: [square] } }],
    }),
  );
  await page.goto("/map");
  await page.getByText("Map provided by the administrator").waitFor();
  await page.locator('[data-chart="drawn"]').waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("an empty installation offers ways to begin, and takes an example into the draft", async () => {
  const empty = await startMeridian();
  try {
    await makeUser(empty);
    const { page, context, faults } = await newPage(empty);
    await signIn(page);
    await page.getByRole("heading", { name: "Nothing is configured yet" }).waitFor();
    await page.getByRole("link", { name: "Choose a scenario" }).waitFor();
    await expectAccessible(page, "empty overview");
    if (shots()) await page.screenshot({ path: `${shots()}/overview-empty.png` });
    await page.getByRole("button", { name: "Load the example" }).click();
    await page.waitForURL(/\/review/);
    await page.getByText("example-frankfurt").first().waitFor();
    expect(faults).toEqual([]);
    await context.close();
  } finally {
    await empty.stop();
  }
});

async function fits(page: Page, what: string): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over, `${what} scrolls sideways`).toBeLessThanOrEqual(0);
}

test.each([
  ["English, light, desk", { locale: "en-US", colorScheme: "light", viewport: { width: 1440, height: 900 } }],
  ["Chinese, dark, phone", { locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } }],
] as const)(
  "every page in %s",
  async (what, options) => {
    const { page, context, faults } = await newPage(m, options);
    await signIn(page);
    const pages: Record<string, string> = {
      overview: "/",
      pools: "/pools",
      pool: "/pools/frankfurt",
      addresses: "/addresses",
      address: "/addresses/fra-1",
      templates: "/templates",
      template: "/templates/web",
      incidents: "/incidents",
      incident,
      events: "/events",
      map: "/map",
      nodes: "/nodes",
      node: `/nodes/${node}`,
      vantages: "/vantages",
      vantage: `/vantages/${node}`,
    };
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(path);
      await page.locator("main h1").waitFor();
      await page.waitForFunction(() => !document.querySelector(".mantine-Skeleton-root, [aria-busy=true]"), undefined, { timeout: 10_000 });
      await fits(page, `${name}, ${what}`);
      await expectAccessible(page, `${name}, ${what}`);
      if (shots()) await page.screenshot({ path: `${shots()}/${name}-${options.locale}-${options.colorScheme}.png`, fullPage: true });
    }
    expect(faults).toEqual([]);
    await context.close();
  },
  120_000,
);
