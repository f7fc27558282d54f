import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, shots, signIn, startMeridian } from "./harness";

const key = "a key that both sides know";

type Received = {
  headers: IncomingHttpHeaders;
  raw: string;
  body: { entries: { action: string; event: string; object: string }[]; title: string };
};

/** What a user's own program is: it takes what is posted to it, and says so. */
let receiver: Server;
let answerWith = 200;
const received: Received[] = [];
let m: Meridian;
let hook: string;

beforeAll(async () => {
  receiver = createServer((req, res) => {
    let raw = "";
    req.on("data", (b) => (raw += b));
    req.on("end", () => {
      if (answerWith === 200) received.push({ headers: req.headers, raw, body: JSON.parse(raw) });
      res.writeHead(answerWith, { "Content-Type": "text/plain" }).end(answerWith === 200 ? "thanks" : "no such hook");
    });
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  m = await startMeridian({ quickstart: true, args: ["--alert-allow", "127.0.0.0/8"] });
  await makeUser(m);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
  receiver?.close();
});

function genuine(r: Received): boolean {
  const at = String(r.headers["x-meridian-timestamp"]);
  const mac = createHmac("sha256", key).update(`${at}.${r.raw}`).digest("hex");
  return r.headers["x-meridian-signature"] === `v1=${mac}` && Math.abs(Date.now() / 1000 - Number(at)) < 300;
}

async function until(what: string, is: () => boolean | Promise<boolean>, seconds = 15): Promise<void> {
  for (let i = 0; i < seconds * 20; i++) {
    if (await is()) return;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(`never: ${what}`);
}

const told = (action: string, object: string) =>
  received.find((r) => r.body.entries.some((e) => e.action === action && e.object === object));

async function shoot(page: Page, name: string): Promise<void> {
  if (shots()) await page.screenshot({ path: `${shots()}/${name}.png`, fullPage: true });
}

test("a webhook is set up, tested, and held to the form", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/alerts?tab=channels");
  await page.getByRole("heading", { name: "Nobody is told yet" }).waitFor();
  await expectAccessible(page, "no channels");
  await page.getByRole("button", { name: "Add a channel" }).click();
  await page.getByRole("menuitem", { name: "Webhook" }).click();
  const form = page.getByRole("dialog");
  await form.getByText("How to set it up").waitFor();
  await page.getByRole("menu").waitFor({ state: "detached" });
  await expectAccessible(page, "form of a webhook");
  await shoot(page, "alerts-channel-form");
  await form.getByLabel("Name").fill("ops");
  await form.getByRole("textbox", { name: "Address (URL)" }).fill("nonsense");
  await form.getByRole("button", { name: "Save" }).click();
  await form
    .getByText(/must begin with https/)
    .first()
    .waitFor();
  await form.getByRole("textbox", { name: "Address (URL)" }).fill(hook);
  await form.getByRole("textbox", { name: "Key of the signature" }).fill(key);
  await form.getByRole("button", { name: "Save" }).click();
  const card = page.getByRole("region", { name: "ops" });
  await card.waitFor();
  await card.getByText("No alert was sent here yet").waitFor();
  expect(await card.textContent()).not.toContain("/hook");

  answerWith = 404;
  await card.getByRole("button", { name: "Send a test" }).click();
  await card.getByText("no such hook").waitFor();
  answerWith = 200;
  await card.getByRole("button", { name: "Send a test" }).click();
  await card.getByText(/The other side took it/).waitFor();
  expect(received.length).toBe(1);
  expect(genuine(received[0] as Received)).toBe(true);
  await expectAccessible(page, "channels");
  await shoot(page, "alerts-channels");

  // A secret can be replaced and never read; what is not touched stays.
  await card.getByRole("button", { name: "Edit ops" }).click();
  await form
    .getByText(/can be replaced and never read/)
    .first()
    .waitFor();
  await form.getByLabel("Remark").fill("the team's own");
  await form.getByRole("button", { name: "Save" }).click();
  await card.getByText("the team's own").waitFor();
  await card.getByRole("button", { name: "Send a test" }).click();
  await until("the second test", () => received.length === 2);
  expect(genuine(received[1] as Received)).toBe(true);

  // Which events: the matrix changes the channel, the form the rules.
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.waitForURL(/tab=settings/);
  await page.getByRole("checkbox", { name: "Tell ops: Node behind" }).click();
  await until("the channel to leave it out", async () => {
    const c = await m.api<{ events?: string[] }>("GET", "/alerts/channels/ops");
    return c.events !== undefined && !c.events.includes("node_lagging") && c.events.includes("pool_unavailable");
  });
  await page.getByLabel("Gather for").fill("1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Like 30s, 10m or 4h").waitFor();
  await page.getByLabel("Gather for").fill("1s");
  await page.getByRole("switch", { name: "Keep quiet at certain hours" }).click();
  await page.getByLabel("Time zone").first().waitFor();
  await expectAccessible(page, "alert settings");
  await shoot(page, "alerts-settings");
  await page.getByRole("switch", { name: "Keep quiet at certain hours" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The alert settings are saved").waitFor();
  expect((await m.api<{ group_wait: string }>("GET", "/alerts/settings")).group_wait).toBe("1s");
  expect(faults).toEqual([]);
  await context.close();
});

test("an endpoint breaks: seen within two seconds of the verdict, told, cared for, muted; it recovers: over, told", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/alerts");
  await page.getByRole("heading", { name: "Nothing is wrong" }).waitFor();
  await page.locator('[data-live="live"]').waitFor();
  await m.endpoint("127.0.0.21", "down");
  const pool = page.locator('[data-alert="pool_unavailable beijing"]');
  await pool.waitFor({ timeout: 20_000 });
  const seen = Date.now();
  const [alert] = (await m.api<{ items: { since: string }[] }>("GET", "/alerts/active?event=pool_unavailable")).items;
  expect(seen - Date.parse(alert?.since ?? "")).toBeLessThan(2_000);
  await page.getByRole("alert").filter({ hasText: "Pool unavailable" }).first().waitFor();
  await page.locator('[data-alerts="2"]').waitFor();
  await pool.getByText("What clients get instead").waitFor();
  await until("the webhook to be told", () => told("alert", "beijing") !== undefined);
  expect(genuine(told("alert", "beijing") as Received)).toBe(true);
  await expectAccessible(page, "active alerts");
  await shoot(page, "alerts-active");

  await pool.getByRole("button", { name: "Take care" }).click();
  await page.getByLabel("Reason (may be left out)").fill("I am at the rack");
  await page.getByRole("dialog").getByRole("button", { name: "Take care" }).click();
  await pool.getByText("ann takes care").waitFor();
  await pool.getByText("ann: I am at the rack").waitFor();

  const address = page.locator('[data-alert="address_alert bj-1"]');
  await address.getByRole("button", { name: "Mute" }).click();
  await expectAccessible(page, "muting");
  await page.getByLabel("Reason", { exact: false }).fill("new disks");
  await page.getByRole("dialog").getByRole("button", { name: "Mute" }).click();
  await address.getByText("Muted", { exact: true }).waitFor();
  await page.getByRole("list", { name: "Mutes" }).getByRole("button", { name: "End" }).click();
  await page.getByRole("list", { name: "Mutes" }).waitFor({ state: "detached" });

  await m.endpoint("127.0.0.21", "up");
  await page.getByRole("heading", { name: "Nothing is wrong" }).waitFor({ timeout: 20_000 });
  await page.locator("[data-alerts]").waitFor({ state: "detached" });
  await until("the webhook to be told of the end", () => told("resume", "beijing") !== undefined);

  // The log has all of it, with what became of each.
  await page.getByRole("tab", { name: "Log" }).click();
  const table = page.getByRole("table", { name: "Log" });
  await table
    .getByRole("row")
    .filter({ hasText: /Pool beijing/ })
    .first()
    .waitFor();
  await table.locator('[data-outcome="sent"]').first().waitFor();
  await expectAccessible(page, "alert log");
  await shoot(page, "alerts-log");
  await page.getByRole("searchbox", { name: "Object" }).fill("bj-1");
  await page.waitForURL(/object=bj-1/);
  await until(
    "only that object",
    async () =>
      (await table
        .getByRole("row")
        .filter({ hasText: /Pool beijing/ })
        .count()) === 0,
  );
  await page.getByPlaceholder("What happened").click();
  await page.getByRole("option", { name: "Muted" }).click();
  await page.waitForURL(/action=mute/);
  await table.getByText("ann").first().waitFor();
  await page.goto("/alerts?tab=log&event=pool_unavailable&action=alert");
  await table
    .getByRole("button", { name: /Pool beijing/ })
    .first()
    .click();
  const details = page.getByRole("dialog");
  await details.getByText("thanks").waitFor();
  await expectAccessible(page, "an entry of the log");
  await shoot(page, "alerts-entry");
  await page.keyboard.press("Escape");
  const href = await page.getByRole("link", { name: "Export (CSV)" }).getAttribute("href");
  const csv = await page.evaluate((u) => fetch(u as string).then((r) => r.text()), href);
  expect(csv.match(/^\d{16},/gm)?.length).toBe(1);
  expect(csv).toContain("ops: sent");
  await page.goto("/alerts?tab=log&q=nothing-like-this");
  await page.getByRole("heading", { name: "Nothing in this time" }).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("an access domain has rules of its own, and inherits again", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/domains/gtm.example.com/A");
  const part = page.getByRole("region", { name: "Alerts of this access domain" });
  await part.getByText("This access domain inherits the alert settings.").waitFor();
  await part.getByRole("switch", { name: "Channels of its own" }).click();
  await part.getByRole("combobox", { name: "Channels that are told" }).click();
  await page.getByRole("option", { name: "ops" }).click();
  await page.keyboard.press("Escape");
  await part.getByRole("button", { name: "Save" }).click();
  await part.getByText(/has rules of its own/).waitFor();
  const d = await m.api<{ channels: string[]; inherits: object }>("GET", "/alerts/domains/gtm.example.com/A");
  expect(d).toMatchObject({ channels: ["ops"], inherits: { channels: false, events: true } });
  await expectAccessible(page, "alerts of an access domain");
  await shoot(page, "alerts-domain");
  await page.goto("/alerts?tab=settings");
  await page
    .getByRole("region", { name: "Access domains with rules of their own" })
    .getByRole("link", { name: "gtm.example.com/A" })
    .click();
  await part.getByRole("button", { name: "Inherit all" }).click();
  await part.getByText("This access domain inherits the alert settings.").waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("in Chinese, dark, on a phone; a viewer changes nothing", async () => {
  await m.endpoint("127.0.0.21", "up");
  const { page, context, faults } = await newPage(m, { locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } });
  await signIn(page);
  await page.goto("/alerts");
  await page.getByRole("heading", { name: "一切正常" }).waitFor();
  await m.endpoint("127.0.0.21", "down");
  await page.locator('[data-alert="pool_unavailable beijing"]').waitFor({ timeout: 20_000 });
  for (const [tab, ready] of [
    ["active", '[data-alert="pool_unavailable beijing"]'],
    ["log", "table tbody tr"],
    ["channels", '[data-channel="ops"]'],
    ["settings", 'input[type="checkbox"]'],
  ] as const) {
    await page.goto(`/alerts?tab=${tab}`);
    await page.locator(ready).first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(390);
    await expectAccessible(page, `alerts ${tab}, Chinese, dark, phone`);
    await shoot(page, `alerts-${tab}-zh-dark-phone`);
  }
  expect(faults).toEqual([]);
  await context.close();

  await makeUser(m, "vic", [{ role: "viewer" }]);
  const viewer = await newPage(m);
  await signIn(viewer.page, "vic");
  await viewer.page.goto("/alerts");
  await viewer.page.locator('[data-alert="pool_unavailable beijing"]').waitFor();
  expect(await viewer.page.getByRole("button", { name: "Take care" }).count()).toBe(0);
  await viewer.page.goto("/alerts?tab=settings");
  await viewer.page.getByText("An administrator can change this.").waitFor();
  expect(await viewer.page.getByRole("checkbox", { name: "Tell: Node behind" }).isDisabled()).toBe(true);
  expect(viewer.faults).toEqual([]);
  await viewer.context.close();
});
