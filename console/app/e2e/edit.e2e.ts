import { createServer, type Server } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  closeBrowser,
  expectAccessible,
  freePort,
  type Meridian,
  makeUser,
  newPage,
  password,
  shots,
  signIn,
  startMeridian,
} from "./harness";

// One server without anything, for the scenarios: from nothing to a working dig. The endpoints are this process.
let empty: Meridian;
// One with the quick start, for everything else.
let m: Meridian;
let web: Server;
let port: number;

beforeAll(async () => {
  port = await freePort();
  web = createServer((_, r) => r.end("ok"));
  await new Promise<void>((done) => web.listen(port, "0.0.0.0", done));
  [empty, m] = await Promise.all([startMeridian(), startMeridian({ quickstart: true })]);
  await Promise.all([makeUser(empty), makeUser(m)]);
});
afterAll(async () => {
  await closeBrowser();
  web?.close();
  await Promise.all([empty?.stop(), m?.stop()]);
});

async function shot(page: Page, name: string): Promise<void> {
  if (shots()) await page.screenshot({ path: `${shots()}/${name}.png` });
}

/** The text that tags fields take: each is closed by Enter. */
async function tags(page: Page, label: RegExp | string, nth: number, ...values: string[]): Promise<void> {
  const field = page.getByRole("combobox", { name: label }).or(page.getByLabel(label)).nth(nth);
  for (const v of values) {
    await field.fill(v);
    await field.press("Enter");
  }
}

async function apply(page: Page, why?: string): Promise<string> {
  if (why) await page.getByLabel("Why").fill(why);
  const go = page.getByRole("button", { name: "Apply the draft" });
  await expect.poll(() => go.isEnabled(), { timeout: 15_000 }).toBe(true);
  await go.click();
  const done = page.locator("[data-applied]");
  await done.waitFor();
  return (await done.getAttribute("data-applied")) ?? "";
}

/** Waits until a name is answered with exactly these. */
async function answers(server: Meridian, name: string, want: string[], subnet?: string): Promise<void> {
  await expect.poll(async () => (await server.dig(name, "A", subnet)).sort(), { timeout: 20_000, interval: 150 }).toEqual([...want].sort());
}

async function fillSites(page: Page, sites: string[][]): Promise<void> {
  for (const [i, s] of sites.entries()) await tags(page, "IPv4 addresses", i, ...s);
  await page.getByLabel("Port").fill(String(port));
}

type Case = { scenario: string; sites: string[][]; also?: (p: Page) => Promise<void>; dig: [string[] | { anyOf: string[] }, string?][] };
const cases: Case[] = [
  { scenario: "active-standby", sites: [["127.0.0.101"], ["127.0.0.102"]], dig: [[["127.0.0.101"]]] },
  {
    scenario: "weighted",
    sites: [["127.0.0.103"], ["127.0.0.104"]],
    also: async (p) => {
      await p.getByLabel("Weight").first().fill("3");
      await p.getByText("75 % of clients").waitFor();
    },
    dig: [[{ anyOf: ["127.0.0.103", "127.0.0.104"] }]],
  },
  {
    scenario: "carrier",
    sites: [["127.0.0.105"], ["127.0.0.106"], ["127.0.0.107"]],
    dig: [
      [["127.0.0.105"], "202.96.128.0/24"],
      [["127.0.0.106"], "202.106.0.0/24"],
      [["127.0.0.107"], "221.179.155.0/24"],
    ],
  },
  {
    scenario: "region",
    sites: [["127.0.0.108"], ["127.0.0.109"], ["127.0.0.110"]],
    dig: [
      [["127.0.0.108"], "202.96.128.0/24"],
      [["127.0.0.109"], "193.0.6.0/24"],
      [["127.0.0.110"], "8.8.8.0/24"],
    ],
  },
  { scenario: "hybrid", sites: [["127.0.0.111"], ["127.0.0.112"]], dig: [[{ anyOf: ["127.0.0.111", "127.0.0.112"] }]] },
  // One endpoint of this listens nowhere: it must be out of the answers.
  { scenario: "health", sites: [["127.0.0.113", "127.0.0.114"]], dig: [[["127.0.0.113", "127.0.0.114"]]] },
];

test("scenarios: from an empty installation to a working dig", async () => {
  const { page, context, faults } = await newPage(empty);
  await page.goto("/");
  await signIn(page);
  await page.goto("/domains/new");
  await page.getByText("Active and standby").waitFor();
  await expectAccessible(page, "scenarios");
  await shot(page, "scenarios");
  for (const [i, c] of cases.entries()) {
    await page.goto(`/domains/new?scenario=${c.scenario}`);
    const name = `${c.scenario}.shop.example`;
    await page.getByPlaceholder("www.example.com").fill(name);
    if (i === 0) {
      // Nothing is hosted here: the zone is made with it.
      await page.getByText("No zone here holds this name yet").waitFor();
      await expect.poll(() => page.getByRole("combobox", { name: "Zone" }).inputValue()).toBe("shop.example");
      await tags(page, "Name servers", 0, "ns1.shop.example");
      await expectAccessible(page, "scenario, name");
    } else await page.getByText("In the zone shop.example").waitFor();
    await page.getByRole("button", { name: "Next" }).click();
    await fillSites(page, c.sites);
    await c.also?.(page);
    if (i < 3) {
      await expectAccessible(page, `scenario ${c.scenario}, sites`);
      await shot(page, `scenario-${c.scenario}`);
    }
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("This is what will be made").waitFor();
    const revision = await apply(page);
    expect(Number(revision)).toBeGreaterThan(0);
    const dig = await page.locator("[data-dig]").first().textContent();
    expect(dig).toContain(`dig @127.0.0.1 -p ${empty.dns} +short ${name} A`);
    for (const [want, subnet] of c.dig) {
      if (Array.isArray(want)) await answers(empty, name, want, subnet);
      else
        await expect
          .poll(async () => (await empty.dig(name)).every((x) => want.anyOf.includes(x)) && (await empty.dig(name)).length === 1, {
            timeout: 20_000,
          })
          .toBe(true);
    }
    if (i === 2) await shot(page, "scenario-working");
  }
  // From scratch: the panel takes over.
  await page.goto("/domains/new?scenario=custom");
  await page.getByPlaceholder("www.example.com").fill("own.shop.example");
  await page.getByText("In the zone shop.example").waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  const panel = page.getByRole("dialog");
  await panel.getByRole("heading", { name: "own.shop.example A" }).waitFor();
  await panel.getByLabel("Add a pool").fill("health-servers");
  await page.getByRole("option", { name: /^health-servers/ }).click();
  await panel.getByRole("button", { name: "Close", exact: true }).click();
  await apply(page, "by hand");
  await answers(empty, "own.shop.example", ["127.0.0.113", "127.0.0.114"]);
  expect(faults).toEqual([]);
  await context.close();
}, 180_000);

test("edit, see the finding at its field, review the effect, apply, take back: by keyboard alone", async () => {
  const { page, context, faults } = await newPage(m);
  await page.goto("/");
  await signIn(page);
  await page.goto("/?edit=access_domain%2Fgtm.example.com%2FA");
  const panel = page.getByRole("dialog");
  await panel.getByRole("heading", { name: "gtm.example.com A" }).waitFor();
  await expectAccessible(page, "panel of an access domain");
  await shot(page, "panel-domain");

  // A value that the API refuses stands at its field in the API's words.
  const ttl = panel.getByLabel("TTL");
  await ttl.fill("100000");
  await panel.locator('[data-field="ttl"]').getByText("use 1 to 86400").waitFor();
  await ttl.fill("20");
  await panel.getByText("Was: 30").waitFor();
  await panel.getByText("In the draft, nothing wrong").waitFor();

  // Order by keyboard: frankfurt goes up twice.
  const grip = panel.getByRole("button", { name: "Move frankfurt", exact: true });
  await grip.focus();
  await page.keyboard.press("Home");
  await expect.poll(() => panel.locator("[data-member]").first().getAttribute("data-member")).toBe("frankfurt");
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe("Move frankfurt");

  // A line by its Chinese name.
  const lines = panel.getByLabel("Lines of beijing");
  await lines.fill("联通 广东");
  await page.getByRole("option", { name: /unicom:cn-gd/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await panel.getByText("China Unicom, Guangdong").waitFor();
  // The list goes before the panel does.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await page.getByText("1 change").waitFor();

  await page.getByRole("link", { name: "Review" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Review the draft", level: 1 }).waitFor();
  await page.getByText("Answers of one access domain change.").waitFor();
  await expectAccessible(page, "review");
  await shot(page, "review");
  // A comment is needed.
  await page.getByRole("button", { name: "Apply the draft" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Is needed.").waitFor();
  expect((await m.api<{ ttl: number }>("GET", "/access-domains/gtm.example.com/A")).ttl).toBe(30);
  await page.getByLabel("Why").focus();
  await page.keyboard.type("shorter while we move");
  await page.getByRole("button", { name: "Apply the draft" }).focus();
  await page.keyboard.press("Enter");
  await page.locator("[data-applied]").waitFor();
  await page
    .getByText(/node.* (have|has) it/i)
    .first()
    .waitFor();
  const now = await m.api<{ ttl: number; revision: number; pools: { pool: string; lines: string[] }[] }>(
    "GET",
    "/access-domains/gtm.example.com/A",
  );
  expect(now.ttl).toBe(20);
  expect(now.pools.map((p) => p.pool)).toEqual(["frankfurt", "guangzhou", "beijing"]);
  expect(now.pools[2]?.lines).toEqual(["cn", "unicom:cn-gd"]);
  const r = await m.api<{ comment: string }>("GET", `/revisions/${now.revision}`);
  expect(r.comment).toBe("shorter while we move");

  // And back, with what that would do.
  await page.getByRole("button", { name: "Take this revision back" }).click();
  const undo = page.getByRole("dialog");
  await undo.getByText("gtm.example.com A").first().waitFor();
  await shot(page, "undo");
  await undo
    .getByRole("button", { name: /revert|undo/i })
    .last()
    .click();
  await expect.poll(async () => (await m.api<{ ttl: number }>("GET", "/access-domains/gtm.example.com/A")).ttl).toBe(30);
  expect(faults).toEqual([]);
  await context.close();
});

test("a new pool with new addresses and a new check, without leaving the access domain", async () => {
  const { page, context, faults } = await newPage(m);
  await page.goto("/");
  await signIn(page);
  await page.goto("/?edit=access_domain%2Fgtm.example.com%2FA");
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Add a pool").fill("tokyo");
  await page.getByText("New pool “tokyo”").click();
  await panel.getByRole("heading", { name: "New pool" }).waitFor();
  await panel.getByLabel("Add an address").locator("visible=true").fill("127.0.0.41");
  await page.getByText("New address “127.0.0.41”").click();
  await panel.getByRole("heading", { name: "New address" }).waitFor();
  await panel.getByRole("button", { name: "Add to draft" }).locator("visible=true").click();
  await panel.locator('[data-field="name"]').locator("visible=true").getByText("Is needed.").waitFor();
  await panel.getByLabel("Name", { exact: false }).locator("visible=true").first().fill("tyo-1");
  await panel.getByLabel("Add a health check").locator("visible=true").fill("web");
  await page.getByRole("option", { name: /^web/ }).click();
  await shot(page, "panel-address");
  await panel.getByRole("button", { name: "Add to draft" }).locator("visible=true").click();
  await panel.getByRole("heading", { name: "New pool" }).waitFor();
  await panel.getByRole("radio", { name: "Weighted" }).locator("visible=true").check();
  await expect.poll(() => panel.locator('[data-share="tyo-1"]').textContent()).toBe("100%");
  await panel.getByRole("button", { name: "Add to draft" }).locator("visible=true").click();
  await panel.getByRole("heading", { name: "gtm.example.com A" }).waitFor();
  await panel.locator('[data-member="tokyo"]').waitFor();
  // The line "default" of tokyo changes nothing for those who must get frankfurt: its serial is later. Then an assertion breaks.
  await panel.locator('[data-member="frankfurt"]').getByLabel("frankfurt enabled").uncheck({ force: true });
  await panel.getByText(/error.* elsewhere/).waitFor();
  await panel.getByRole("link", { name: "Review draft" }).click();
  await page.getByText("1 assertion would break").waitFor();
  await expectAccessible(page, "review with a failing assertion");
  await shot(page, "review-assertion");
  await page.getByRole("button", { name: "Fix" }).click();
  await page
    .getByRole("dialog")
    .getByRole("heading", { name: /gtm.example.com A@us/ })
    .waitFor();
  // What is used by others is deleted with its links, in the same draft.
  await page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).click();
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();
  await page.getByText("Your draft is empty").waitFor();
  await page.goto("/?edit=address%2Fbj-1");
  await page.getByRole("dialog").getByRole("button", { name: "More" }).click();
  await page.getByText("Delete in the draft").click();
  const ask = page.getByRole("dialog", { name: /Delete address bj-1/ });
  await ask.getByText("1 object uses it:").waitFor();
  await ask.getByRole("button", { name: "Delete with these links" }).click();
  await page.getByRole("dialog").getByText("It will be deleted when the draft is applied.").waitFor();
  const draft = await page.evaluate(() => Object.values(localStorage).find((v) => v.includes("bj-1")) ?? "");
  expect(
    JSON.parse(draft)
      .items.map((i: { op: string; key: string }) => `${i.op} ${i.key}`)
      .sort(),
  ).toEqual(["delete bj-1", "put beijing"]);
  expect(faults).toEqual([]);
  await context.close();
});

test("two edit the same pool: the merge", async () => {
  const { page, context, faults } = await newPage(m);
  await page.goto("/");
  await signIn(page);
  await page.goto("/?edit=pool%2Fguangzhou");
  const panel = page.getByRole("dialog");
  await panel.getByLabel("Remark").fill("mine");
  await panel.getByRole("radio", { name: "Weighted" }).check();
  await panel.getByText("In the draft, nothing wrong").waitFor();
  // Somebody else, at the same time: another remark, and a weight.
  const pool = await m.api<{ members: Record<string, unknown>[] }>("GET", "/pools/guangzhou");
  await m.api("PUT", "/pools/guangzhou", {
    name: "guangzhou",
    type: "IPv4",
    policy: "round_robin",
    remark: "theirs",
    members: pool.members.map((x) => ({ ...x, weight: x.address === "gz-2" ? 9 : 1 })),
  });
  // It is noticed live, without asking.
  await panel.getByText("pool guangzhou was changed meanwhile").waitFor();
  await panel.getByText(/By admin/).waitFor();
  await panel.getByRole("link", { name: "Review draft" }).click();
  const card = page.locator('[data-conflict="pool/guangzhou"]');
  await card.getByText("One field was changed by both").waitFor();
  expect(await page.getByRole("button", { name: "Apply the draft" }).isDisabled()).toBe(true);
  await expectAccessible(page, "merge");
  await shot(page, "merge");
  const go = card.getByRole("button", { name: "Go on with this" });
  expect(await go.isDisabled()).toBe(true);
  await card.getByRole("radio", { name: "Remark: take theirs" }).check();
  await go.click();
  await card.waitFor({ state: "detached" });
  await apply(page, "merged");
  expect(await m.api("GET", "/pools/guangzhou")).toMatchObject({
    remark: "theirs",
    policy: "weighted",
    members: [
      { address: "gz-1", weight: 1 },
      { address: "gz-2", weight: 9 },
    ],
  });
  expect(faults).toEqual([]);
  await context.close();
});

test("emergency on the phone: drain, see the effect, undo; in Chinese, dark", async () => {
  const { page, context, faults } = await newPage(m, {
    locale: "zh-CN",
    colorScheme: "dark",
    viewport: { width: 390, height: 844 },
    hasTouch: true,
  });
  await page.goto("/");
  await signIn(page);
  await page.goto("/?edit=address%2Fbj-1");
  const panel = page.getByRole("dialog");
  await panel.getByRole("heading", { name: "bj-1" }).waitFor();
  await expectAccessible(page, "panel on a phone, Chinese, dark");
  await shot(page, "phone-panel-zh-dark");
  await panel.getByRole("button", { name: "立即操作" }).click();
  await page.getByRole("menuitem", { name: "摘除" }).click();
  const ask = page.getByRole("dialog", { name: "摘除 bj-1？" });
  await ask.getByText("gtm.example.com A").first().waitFor();
  await ask.getByLabel("原因").fill("机房割接");
  await expectAccessible(page, "drain on a phone");
  await shot(page, "phone-drain-zh-dark");
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  await ask.getByRole("button", { name: "摘除" }).click();
  await page.getByText("正在摘除 bj-1").waitFor();
  await expect
    .poll(async () => (await m.api<{ items: { reason: string }[] }>("GET", "/overrides")).items.map((o) => o.reason))
    .toEqual(["机房割接"]);
  await page.getByRole("button", { name: "撤销" }).click();
  await page.getByText("已撤销").waitFor();
  await expect.poll(async () => (await m.api<{ items: unknown[] }>("GET", "/overrides")).items.length).toBe(0);
  expect(faults).toEqual([]);
  await context.close();
});

test("who may not is told so", async () => {
  await makeUser(m, "vic", [{ role: "viewer" }]);
  await makeUser(m, "lou", [{ role: "operator", labels: { site: "guangzhou" } }]);
  const viewer = await newPage(m);
  await viewer.page.goto("/");
  await signIn(viewer.page, "vic", password);
  await viewer.page.goto("/?edit=pool%2Fguangzhou");
  await viewer.page.getByRole("dialog").getByText("Changing needs the role of an operator.").waitFor();
  expect(await viewer.page.getByRole("dialog").getByRole("radio", { name: "Sequential" }).isDisabled()).toBe(true);
  expect(viewer.faults).toEqual([]);
  await viewer.context.close();

  const bound = await newPage(m);
  await bound.page.goto("/");
  await signIn(bound.page, "lou", password);
  // What carries the label may be changed, the other may be drafted, and the review says that it may not be applied.
  await bound.page.goto("/?edit=address%2Fgz-1");
  await bound.page.getByRole("dialog").getByLabel("Remark").fill("mine to change");
  await bound.page.getByRole("dialog").getByText("In the draft, nothing wrong").waitFor();
  await bound.page.goto("/review");
  await apply(bound.page, "allowed");
  await bound.page.goto("/?edit=address%2Fbj-1");
  await bound.page.getByRole("dialog").getByLabel("Remark").fill("not mine");
  await bound.page.getByRole("dialog").getByText("In the draft, nothing wrong").waitFor();
  await bound.page.goto("/review");
  await bound.page.getByText("You may not apply this").waitFor();
  expect(await bound.page.getByRole("button", { name: "Apply the draft" }).isDisabled()).toBe(true);
  expect(bound.faults).toEqual([]);
  await bound.context.close();
});

test("a line with what it would hold; order by mouse; real clients in the effect; disable and undo", async () => {
  // Somebody asks, so that the effect has real clients.
  for (let i = 0; i < 5; i++) await m.dig("gtm.example.com", "A", "202.96.128.0/24");
  const { page, context, faults } = await newPage(m);
  await page.goto("/");
  await signIn(page);
  await page.goto("/?edit=line%2F");
  const panel = page.getByRole("dialog");
  await panel.getByPlaceholder("office").fill("hq");
  await panel.getByPlaceholder(/198.51.100.0/).fill("202.96.128.0/24\n202.96.128.0/25 # inside\n198.51.100.0/33");
  await panel
    .locator('[data-field="cidrs"]')
    .getByText(/198.51.100.0\/33/)
    .first()
    .waitFor();
  await panel.getByPlaceholder(/198.51.100.0/).fill("202.96.128.0/24, 202.96.128.0/25");
  await panel.getByText("1 network lies within another one here.").waitFor();
  await panel.getByPlaceholder("198.51.100.7").fill("202.96.128.200");
  await panel.getByText("In, by 202.96.128.0/24").waitFor();
  await panel.getByText(/most specific first: China Telecom, Guangdong/).waitFor();
  await expectAccessible(page, "panel of a line");
  await shot(page, "panel-line");
  await panel.getByRole("button", { name: "Add to draft" }).click();
  await panel.getByText("New in the draft").waitFor();

  // The new line is there to choose at once; walked to by arrow keys.
  await page.goto("/?edit=access_domain%2Fgtm.example.com%2FA");
  const picker = panel.getByLabel("Lines of beijing");
  await picker.focus();
  await page.getByRole("option", { name: /^hq/ }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await panel.locator('[data-member="beijing"]').getByText("hq", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("option").count()).toBe(0);

  const first = await panel.locator("[data-member]").first().getAttribute("data-member");
  const grip = await panel.locator("[data-grip]").last().boundingBox();
  const top = await panel.locator("[data-member]").first().boundingBox();
  if (!grip || !top) throw new Error("no members");
  await page.mouse.move(grip.x + 8, grip.y + 8);
  await page.mouse.down();
  await page.mouse.move(grip.x + 8, top.y + 30, { steps: 5 });
  await page.mouse.move(grip.x + 8, top.y + 4, { steps: 3 });
  await page.mouse.up();
  await expect.poll(() => panel.locator("[data-member]").nth(1).getAttribute("data-member")).toBe(first);

  // Resolvers tell their clients each ten seconds; the review asks once.
  const clients = page.locator("[data-client]").first();
  for (let i = 0; i < 8 && !(await clients.isVisible()); i++) {
    await page.goto("/review");
    await clients.waitFor({ timeout: 6_000 }).catch(() => {});
  }
  await clients.waitFor({ timeout: 1_000 });
  await shot(page, "review-clients");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Discard" }).click();

  await page.goto("/?edit=pool%2Ffrankfurt");
  await panel.getByRole("button", { name: "Act now" }).click();
  await page.getByRole("menuitem", { name: "Disable" }).click();
  const ask = page.getByRole("dialog", { name: "Disable frankfurt?" });
  // An assertion says who must get it: what the API refuses is said, and nothing is done.
  await ask
    .getByText(/wants pool frankfurt/i)
    .first()
    .waitFor();
  expect(await ask.getByRole("button", { name: "Disable" }).isDisabled()).toBe(true);
  await ask.getByRole("button", { name: "Cancel" }).click();
  await page.goto("/?edit=address%2Fgz-2");
  await panel.getByRole("button", { name: "Act now" }).click();
  await page.getByRole("menuitem", { name: "Unavailable by hand" }).click();
  await page.getByRole("dialog", { name: "Hold gz-2 unavailable?" }).getByRole("button", { name: "Unavailable by hand" }).click();
  await page.getByText("gz-2 is held unavailable").waitFor();
  await expect.poll(async () => (await m.api<{ mode: string }>("GET", "/addresses/gz-2")).mode).toBe("manual_unavailable");
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect.poll(async () => (await m.api<{ mode: string }>("GET", "/addresses/gz-2")).mode).toBe("auto");
  expect(faults).toEqual([]);
  await context.close();
});
