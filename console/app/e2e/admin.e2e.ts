// Administration: zones, overrides, revisions, people, tokens, the audit, the palette and signing in elsewhere.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, password, shots, signIn, startMeridian } from "./harness";
import { type Provider, startProvider } from "./provider";

let m: Meridian;
let idp: Provider;
beforeAll(async () => {
  idp = await startProvider();
  m = await startMeridian({
    quickstart: true,
    config: (url, data) => {
      writeFileSync(join(data, "oidc.secret"), idp.secret);
      return [
        "oidc:",
        `  issuer: ${idp.issuer}`,
        `  client_id: ${idp.client}`,
        `  client_secret_file: ${join(data, "oidc.secret")}`,
        `  redirect_url: ${url}/api/v1/session/oidc/callback`,
        "  grants: {gtm-admins: admin, readers: viewer}",
        "",
      ].join("\n");
    },
  });
  await makeUser(m);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
  await idp?.stop();
});

async function shoot(page: Page, name: string): Promise<void> {
  if (shots()) await page.screenshot({ path: `${shots()}/${name}.png`, fullPage: true });
}

async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** Asks until the answer is as expected: configuration and orders reach the resolver within a moment. */
async function answers(want: string[], name: string, type = "A", subnet?: string): Promise<void> {
  let got: string[] = [];
  for (let i = 0; i < 100; i++) {
    got = (await m.dig(name, type, subnet)).sort();
    if (JSON.stringify(got) === JSON.stringify([...want].sort())) return;
    await new Promise((r) => setTimeout(r, 50));
  }
  expect(got, `${name} ${type} for ${subnet ?? "anybody"}`).toEqual(want);
}

const telecom = "113.96.0.0/24"; // China Telecom, Guangdong
const guangzhou = ["127.0.0.11", "127.0.0.12"];

test("a master file is looked at, mended, imported and exported; a record goes through the draft", async () => {
  const { page, context, faults } = await newPage(m, { acceptDownloads: true });
  await signIn(page);
  await page.goto("/zones");
  await page.getByRole("link", { name: "example.com" }).waitFor();
  await page.getByRole("button", { name: "Import" }).click();
  const soa = "$ORIGIN shop.example.\n@ 300 SOA ns1.example.net. hostmaster.example.net. 1 7200 900 1209600 30\n";
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Master file").fill(`${soa}www A 192.0.2.300\n\nmail A 192.0.2.5\n@ MX mail\n`);
  await dialog.getByRole("button", { name: "Check" }).click();
  await dialog.getByText("Line 3:").waitFor();
  await dialog.getByText("Line 6:").waitFor();
  await dialog.getByText("www A 192.0.2.300", { exact: true }).waitFor();
  await expectAccessible(page, "findings of a master file");
  await shoot(page, "import-findings");
  await dialog.getByLabel("Master file").fill(`${soa}www A 192.0.2.30\nmail A 192.0.2.5\n@ MX 10 mail\n`);
  await dialog.getByRole("button", { name: "Check" }).click();
  await dialog.getByText("4 new").waitFor();
  await shoot(page, "import-plan");
  await dialog.getByLabel("Comment").fill("the shop moves in");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await heading(page, "shop.example");
  await answers(["192.0.2.30"], "www.shop.example");
  await answers(["10 mail.shop.example."], "shop.example", "MX");

  await page.getByRole("button", { name: "New record" }).click();
  const form = page.getByRole("form", { name: "New record" });
  await form.getByRole("textbox", { name: "Name", exact: true }).fill("_sip._tcp");
  await form.getByLabel("Type").fill("SRV");
  await page.keyboard.press("Escape"); // the list of types
  await form.getByLabel("Priority").fill("10");
  await form.getByLabel("Weight").fill("5");
  await form.getByLabel("Port").fill("5060");
  await form.getByLabel("Target").fill("sip.shop.example.");
  await shoot(page, "record-form");
  await form.getByRole("button", { name: "Put into the draft" }).click();
  await page.getByText("new in the draft").waitFor();
  // The other record is changed in its place, and its text is judged by the server.
  await page.getByRole("button", { name: "Edit www A" }).click();
  const edit = page.getByRole("form", { name: "Edit www A" });
  await edit.getByLabel("Address").fill("192.0.2.999");
  await edit.getByRole("button", { name: "Put into the draft" }).click();
  await edit.locator("[data-error], .mantine-InputWrapper-error, [role=alert]").first().waitFor();
  await edit.getByLabel("Address").fill("192.0.2.31");
  await edit.getByRole("button", { name: "Put into the draft" }).click();
  await page.getByText("changed in the draft").waitFor();
  await expectAccessible(page, "a zone with a draft");
  await shoot(page, "zone-draft");
  await page.goto("/review");
  await page.getByLabel("Why").fill("the shop gets a phone");
  await page.getByRole("button", { name: "Apply the draft" }).click();
  await page.getByText(/Applied as/).waitFor();
  await answers(["192.0.2.31"], "www.shop.example");
  await answers(["10 5 5060 sip.shop.example."], "_sip._tcp.shop.example", "SRV");

  await page.goto("/zones/shop.example");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
  expect(file.suggestedFilename()).toBe("shop.example.zone");
  expect(readFileSync((await file.path()) ?? "", "utf8")).toContain("_sip._tcp.shop.example.\t300\tIN\tSRV\t10 5 5060 sip.shop.example.");
  // What an access domain stands before is marked.
  await m.api("POST", "/records", { zone: "example.com", name: "gtm", type: "A", data: ["192.0.2.77"] });
  await page.goto("/zones/example.com");
  await page.getByText("Hidden by the access domain").waitFor();
  await expectAccessible(page, "a zone");
  await shoot(page, "zone");
  expect(faults).toEqual([]);
  await context.close();
});

test("a site is drained from a phone in three taps, and cleared", async () => {
  const { page, context, faults } = await newPage(m, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await signIn(page);
  await page.goto("/overrides");
  await answers(guangzhou, "gtm.example.com", "A", telecom);
  await page.getByRole("button", { name: "Drain" }).first().tap();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /site = guangzhou/ }).tap();
  await dialog.getByText("Answers of one access domain change").waitFor();
  await expectAccessible(page, "draining on a phone");
  await shoot(page, "drain-phone");
  await dialog.getByRole("button", { name: "Drain site=guangzhou" }).tap();
  await page.getByRole("article").getByText("site=guangzhou").waitFor();
  await answers(["127.0.0.21"], "gtm.example.com", "A", telecom);
  await page.getByText(/min.*left, until/).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await shoot(page, "overrides-phone");

  await page.getByRole("button", { name: "Extend" }).tap();
  await page.getByRole("dialog").getByText("Until cleared").tap();
  await page.getByRole("dialog").getByRole("button", { name: "Set the end" }).tap();
  await page.getByText("Until somebody clears it").waitFor();
  await page.getByRole("button", { name: "Clear", exact: true }).tap();
  await page.getByRole("dialog").getByText("Answers of one access domain change").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Clear", exact: true }).tap();
  await page.getByText("No override in force").waitFor();
  await answers(guangzhou, "gtm.example.com", "A", telecom);
  expect(faults).toEqual([]);
  await context.close();
});

test("revisions tell what was changed in words, and are taken back", async () => {
  const { page, context, faults } = await newPage(m);
  const before = (await m.api<{ revision: number }>("GET", "/status")).revision;
  await m.api("POST", `/changes`, {
    put: [{ kind: "pool", body: { name: "guangzhou", type: "IPv4", policy: "round_robin", members: [{ address: "gz-1" }] } }],
    comment: "gz-2 is retired",
  });
  await answers(["127.0.0.11"], "gtm.example.com", "A", telecom);
  await signIn(page);
  await page.goto("/revisions?q=retired");
  await page.getByText("gz-2 is retired").waitFor();
  await page.getByRole("table").getByRole("link").first().click();
  await heading(page, `Revision ${before + 1}`);
  await page.getByText("The one node that is heard has it.").waitFor();
  await page.getByRole("table").getByText("gz-2", { exact: true }).waitFor();
  await page.getByText("Answers of one access domain changed.").waitFor();
  await expectAccessible(page, "a revision");
  await shoot(page, "revision");
  await page.goto(`/revisions/${before}`);
  await page.getByRole("button", { name: "Roll back to this" }).click();
  const dialog = page.getByRole("dialog");
  await dialog
    .getByText("1 changed")
    .or(dialog.getByText(/Members/))
    .first()
    .waitFor();
  await shoot(page, "rollback");
  await dialog.getByLabel("Why").fill("it was not");
  await dialog.getByRole("button", { name: `Roll back to ${before}` }).click();
  await heading(page, `Revision ${before + 2}`);
  await answers(guangzhou, "gtm.example.com", "A", telecom);
  await page.goto(`/revisions/${before}?with=${before + 2}`);
  await page.getByText("Nothing changes.").waitFor();
  await page.goto("/revisions");
  await expectAccessible(page, "revisions");
  await shoot(page, "revisions");
  expect(faults).toEqual([]);
  await context.close();
});

test("people and tokens: roles are held, the last admin stays, secrets are shown once, the audit knows", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/users");
  for (const [name, role] of [
    ["vera", "Viewer"],
    ["otto", "Operator"],
  ] as const) {
    await page.getByRole("button", { name: "New user" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox", { name: "Name" }).fill(name);
    await dialog.getByRole("textbox", { name: "Password" }).fill(password);
    await dialog.getByRole("combobox", { name: "Role" }).click();
    await page.getByRole("option", { name: role }).click();
    if (role === "Operator") {
      await dialog.getByLabel("Only objects with all of these labels").fill("site=beijing");
      await page.keyboard.press("Enter");
    }
    await dialog.getByRole("button", { name: "Create the user" }).click();
    await page.getByRole("table").getByText(name, { exact: true }).waitFor();
  }
  await page.getByText("Operator · site=beijing").waitFor();
  await expectAccessible(page, "users");
  await shoot(page, "users");

  await page.goto("/tokens");
  await page.getByRole("button", { name: "New token" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("What it is for").fill("pipeline");
  await dialog.getByRole("button", { name: "Create the token" }).click();
  await dialog.getByText("it is shown this once").waitFor();
  const secret = (await dialog.getByLabel("Secret").textContent()) ?? "";
  await expectAccessible(page, "a new token");
  await shoot(page, "token");
  await dialog.getByRole("button", { name: "I have copied it" }).click();
  expect((await fetch(`${m.url}/api/v1/pools`, { headers: { Authorization: `Bearer ${secret}` } })).status).toBe(200);
  expect(await page.content()).not.toContain(secret);
  await page.getByRole("button", { name: "Revoke pipeline" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("pipeline is revoked.").waitFor();
  expect((await fetch(`${m.url}/api/v1/pools`, { headers: { Authorization: `Bearer ${secret}` } })).status).toBe(401);

  // A viewer sees, and is told what others may do.
  const v = await newPage(m);
  await signIn(v.page, "vera");
  await v.page.goto("/overrides");
  await v.page.getByText("the role Operator is needed").waitFor();
  expect(await v.page.getByRole("button", { name: "Drain" }).count()).toBe(0);
  await v.page.goto("/users");
  await v.page.getByText("It takes the role Administrator.").waitFor();
  await expectAccessible(v.page, "a page for others");
  await shoot(v.page, "denied");
  expect(v.faults).toEqual([]);
  await v.context.close();

  // An operator for some labels is refused elsewhere, in words, and may act on the own site.
  const o = await newPage(m);
  await signIn(o.page, "otto");
  await o.page.goto("/overrides?do=drain&selector=site%3Dguangzhou");
  await o.page.getByRole("dialog").getByRole("alert").first().waitFor();
  await shoot(o.page, "operator-refused");
  await o.page.goto("/overrides?do=drain&target=address%2Fbj-1");
  const confirm = o.page.getByRole("dialog").getByRole("button", { name: "Drain bj-1" });
  await o.page.getByRole("dialog").getByText("Answers of one access domain change").waitFor();
  await confirm.click();
  await o.page.getByRole("article").getByText("bj-1").waitFor();
  expect(o.faults).toEqual([]);
  await o.context.close();
  const list = await m.api<{ items: { id: string }[] }>("GET", "/overrides");
  for (const x of list.items) await m.api("DELETE", `/overrides/${x.id}`);

  await page.goto("/audit?who=otto");
  await page.getByRole("table").getByText("Refused").first().waitFor();
  await page.getByRole("table").getByText("Done").first().waitFor();
  await page
    .getByRole("button", { name: /^Details: .*override/ })
    .first()
    .click();
  await expectAccessible(page, "the audit");
  await shoot(page, "audit");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  expect(readFileSync((await file.path()) ?? "", "utf8")).toMatch(/otto,.*refused/);
  expect(faults).toEqual([]);
  await context.close();
});

test("the palette finds and does everything by keyboard", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await heading(page, "Overview");
  const open = async (text: string) => {
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder(/type a client's address/).waitFor();
    // It is seen a moment before it has the keys.
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("placeholder") ?? ""))
      .toMatch(/type a client's address/);
    await page.keyboard.type(text);
  };
  await open("203.0.113.9");
  await page.locator('[data-palette="explain-client"]').waitFor();
  await expectAccessible(page, "the palette");
  await shoot(page, "palette");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/explain\?.*client=203\.0\.113\.9/);
  await open("gz-1");
  await page.locator('[data-palette="address/gz-1"]').waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/addresses\/gz-1/);
  await open("drain");
  await page.locator('[data-palette="drain"]').waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/overrides\?do=drain/);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.locator('[data-palette="address/gz-1"]').waitFor(); // looked at last
  await page.keyboard.press("Escape");
  expect(faults).toEqual([]);
  await context.close();
});

test("signing in at the identity provider, and every way back that fails", async () => {
  const { page, context, faults } = await newPage(m);
  const leave = `Sign in at ${new URL(idp.issuer).host}`;
  const byProvider = async () => page.getByRole("link", { name: new RegExp(leave.replace("Sign in at ", "")) }).click();
  await page.goto("/revisions");
  await page.waitForURL(/signin/);
  idp.person = undefined;
  await byProvider();
  await page.getByText("The identity provider did not let you in.").waitFor();
  idp.person = { sub: "x", name: "stranger", groups: ["others"] };
  await byProvider();
  await page.getByText("You are in no group that may enter.").waitFor();
  await expectAccessible(page, "a sign-in that came back");
  await shoot(page, "signin-error");
  idp.person = { sub: "1", name: "rita", groups: ["readers"] };
  await byProvider();
  await page.getByRole("button", { name: "Account of rita" }).waitFor();
  await page.goto("/account");
  await page.getByText("You sign in at the identity provider").waitFor();
  await expectAccessible(page, "the own account");
  await shoot(page, "account");
  // The session ends while somebody edits: the draft stays, and one comes back to the same place.
  await page.goto("/zones/example.com?q=mail");
  await page.getByText("192.0.2.25").waitFor();
  await page.evaluate(() => localStorage.setItem("meridian.draft.someone", JSON.stringify({ items: [] })));
  await m.api("DELETE", "/users/rita/sessions");
  // The stream that ends, or the next thing that is asked, tells that the session is over.
  await page
    .getByLabel("Search names and data")
    .fill("www", { timeout: 2_000 })
    .catch(() => {});
  await page.waitForURL(/signin/);
  await page.getByText("Your draft is kept in this browser").waitFor();
  await byProvider();
  await page.waitForURL(/\/zones\/example\.com/);
  expect(faults.filter((f) => !f.startsWith(`left the server: ${idp.issuer}`))).toEqual([]);
  await context.close();
});

const all: [string, string, string][] = [
  ["/zones", "Zones", "区域"],
  ["/zones/example.com", "example.com", "example.com"],
  ["/lines", "Lines", "线路"],
  ["/lines?tab=builtin&client=113.96.0.1", "Lines", "线路"],
  ["/lines/telecom%3Acn-gd", "China Telecom, Guangdong", "中国电信广东"],
  ["/overrides", "Overrides", "人工干预"],
  ["/revisions", "Revisions", "版本"],
  ["/revisions/1", "Revision 1", "版本 1"],
  ["/audit", "Audit log", "审计日志"],
  ["/users", "Users", "用户"],
  ["/tokens", "Tokens", "令牌"],
  ["/account", "My account", "我的账户"],
  ["/settings", "Settings", "设置"],
  ["/settings?tab=history", "Settings", "设置"],
  ["/settings?tab=keys", "Settings", "设置"],
  ["/settings?tab=backup", "Settings", "设置"],
  ["/settings?tab=nodes", "Settings", "设置"],
  ["/about", "About Meridian", "关于 Meridian"],
];

test.each([
  ["English, light, wide", { locale: "en-US", colorScheme: "light", viewport: { width: 1440, height: 900 } }, 1],
  ["Chinese, dark, phone", { locale: "zh-CN", colorScheme: "dark", viewport: { width: 390, height: 844 } }, 2],
] as const)("all pages: %s", { timeout: 240_000 }, async (what, options, word) => {
  const { page, context, faults } = await newPage(m, options);
  await signIn(page);
  for (const row of all) {
    await page.goto(row[0]);
    await heading(page, row[word]);
    await page.waitForFunction(() => !document.querySelector(".mantine-Skeleton-root"), undefined, { timeout: 10_000 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth), `${row[0]} does not scroll sideways`).toBeLessThanOrEqual(
      options.viewport.width,
    );
    await expectAccessible(page, `${row[0]}, ${what}`);
    await shoot(page, `${word === 1 ? "en" : "zh"}-${row[0].slice(1).replaceAll(/\W+/g, "-")}`);
  }
  expect(faults).toEqual([]);
  await context.close();
});
