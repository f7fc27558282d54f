import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, makeUser, newPage, shots, signIn, startMeridian } from "./harness";

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian({ quickstart: true });
  await makeUser(m);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

const node = (id: string) => `.react-flow__node[data-id="${id}"]`;
const domain = "/domains/gtm.example.com/A";
type P = Awaited<ReturnType<typeof newPage>>["page"];
const shot = async (page: P, name: string) => {
  if (shots()) await page.screenshot({ path: `${shots()}/${name}.png` });
};

test("the quickstart's domain is drawn in full, and its list tells the same", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/domains");
  await page.getByRole("link", { name: "gtm.example.com" }).waitFor();
  await page.getByText("China Telecom").waitFor();
  await shot(page, "domains");
  await expectAccessible(page, "access domains");
  await page.getByRole("link", { name: "gtm.example.com" }).click();
  await page.locator(node("pool:guangzhou")).waitFor();
  for (const id of [
    "domain:gtm.example.com/A",
    "line:telecom",
    "line:cn",
    "line:oversea",
    "line:default",
    "last:",
    "pool:beijing",
    "pool:frankfurt",
    "address:gz-1",
    "address:gz-2",
    "address:bj-1",
    "address:fra-1",
    "address:fra-2",
  ])
    await page.locator(node(id)).waitFor();
  expect(await page.locator('.react-flow__node[data-id^="task:"]').count()).toBe(5);
  const guangzhou = page.getByRole("button", { name: /^Pool guangzhou .*2 of 2 up, needs 1.*no\. 1.*answers now/ });
  await guangzhou.waitFor();
  await page.getByRole("button", { name: /^Address gz-1 .*in turn · 50%.*answers now/ }).waitFor();
  await shot(page, "canvas");
  await expectAccessible(page, "canvas");

  await page.getByText("List", { exact: true }).click();
  await page.waitForURL(/view=list/);
  const tree = page.getByRole("treegrid");
  await tree.getByText("fra-2").first().waitFor();
  expect(await tree.getByRole("row").count()).toBeGreaterThan(12);
  await shot(page, "list");
  await expectAccessible(page, "list of the canvas");
  expect(faults).toEqual([]);
  await context.close();
});

test("explain: from a link, with the path and the reasons on the canvas; by the form; pretended failures", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto(`${domain}?explain=line:telecom:cn-gd`);
  await page.locator(`${node("pool:guangzhou")} [data-lit="true"]`).waitFor();
  await page.locator(`${node("address:gz-2")} [data-lit="true"]`).waitFor();
  await page
    .locator(`${node("pool:beijing")} [data-lit="false"]`)
    .getByText("not the winning line")
    .waitFor();
  const panel = page.getByRole("complementary", { name: "Explain" });
  await panel.getByText("127.0.0.11, 127.0.0.12").waitFor();
  await panel.getByText("TTL 30 s").waitFor();
  await shot(page, "explain-canvas");
  await expectAccessible(page, "explain on the canvas");

  // Pretend that both addresses of Guangzhou are down by selecting them: clients go to Beijing.
  await page.locator(node("address:gz-1")).click();
  await page.locator(node("address:gz-2")).click();
  await page.waitForURL(/down=gz-1(,|%2C)gz-2/);
  await page.locator(`${node("pool:beijing")} [data-lit="true"]`).waitFor();
  await panel.getByText("127.0.0.21").first().waitFor();
  await shot(page, "explain-pretend");

  // The same by the form of the page for any name, through a CNAME of the zone.
  await page.goto("/explain");
  await page.getByRole("combobox", { name: "Name" }).fill("www.example.com");
  await page.getByText("Place", { exact: true }).click();
  await page.getByRole("combobox", { name: "Country or region" }).click();
  await page.getByRole("option", { name: "Mainland China", exact: true }).click();
  await page.getByRole("combobox", { name: "Province or state" }).click();
  await page.getByRole("option", { name: "Guangdong", exact: true }).click();
  await page.getByRole("combobox", { name: "Carrier" }).click();
  await page.getByRole("option", { name: "China Telecom", exact: true }).click();
  await page.locator('[data-outcome="answer"]').getByText("127.0.0.11").waitFor();
  expect(page.url()).toContain("telecom");
  await page.getByRole("heading", { name: "www.example.com" }).waitFor();
  await page.getByRole("heading", { name: "gtm.example.com" }).waitFor();
  await shot(page, "explain");
  await expectAccessible(page, "explain");
  await page.goto("/explain?name=gtm.example.com&client=127.0.0.9");
  expect(await page.locator("[data-dig]").textContent()).toContain("gtm.example.com A +subnet=127.0.0.9/32");
  expect(faults).toEqual([]);
  await context.close();
});

test("a broken endpoint shows within 2 s of the verdict, where its clients go is drawn, and nothing jumps", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto(`${domain}?explain=line:telecom&sel=pool:guangzhou`);
  await page.locator('[data-live="live"]').waitFor();
  await page.locator(`${node("address:gz-1")} [data-state="ok"]`).waitFor();
  const places = () =>
    page.$$eval(".react-flow__node", (all) => all.map((n) => `${n.getAttribute("data-id")} ${(n as HTMLElement).style.transform}`).sort());
  const before = await places();
  const downAt = async (address: string): Promise<number> => {
    for (;;) {
      const h = await m.api<{ items: { address: string; state: string }[] }>("GET", "/health");
      if (h.items.some((x) => x.address === address && x.state === "down")) return Date.now();
      await new Promise((r) => setTimeout(r, 25));
    }
  };
  await m.endpoint("127.0.0.11", "down");
  await m.endpoint("127.0.0.12", "down");
  try {
    const at = await downAt("gz-2");
    await page.locator(`${node("address:gz-2")} [data-state="down"]`).waitFor();
    await page.locator(`${node("pool:guangzhou")} [data-state="down"]`).waitFor();
    await page.locator(`${node("pool:beijing")} [data-lit="true"]`).waitFor(); // the answering path moved
    expect(Date.now() - at).toBeLessThan(2_000);
    await page.locator('.cv-edge[data-kind="detour"]').waitFor();
    expect(await places()).toEqual(before);
    await page.getByRole("complementary", { name: "Pool guangzhou" }).getByText("Down").first().waitFor();
    await page.getByRole("complementary", { name: "Pool guangzhou" }).getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "End explanation" }).click();
    await page.getByRole("button", { name: /^Line China Telecom now beijing/ }).waitFor();
    await shot(page, "broken");
    await expectAccessible(page, "canvas with a failure");
    await page.getByRole("switch", { name: "Only failing" }).click();
    await page.waitForURL(/failing/);
    await page.locator(node("address:fra-1")).waitFor({ state: "detached" });
    await page.locator(node("address:gz-1")).waitFor();
    await shot(page, "failing");
  } finally {
    await m.endpoint("127.0.0.11", "up");
    await m.endpoint("127.0.0.12", "up");
  }
  expect(faults).toEqual([]);
  await context.close();
});

test("with keys alone: walk, open, edit into the draft, explain the draft, and take it back", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto(domain);
  await page.locator(node("domain:gtm.example.com/A")).focus();
  const at = () => page.evaluate(() => document.activeElement?.getAttribute("data-id"));
  const press = async (...keys: string[]) => {
    for (const k of keys) await page.keyboard.press(k);
  };
  await press("ArrowRight");
  await expect.poll(at).toBe("line:telecom");
  await press("ArrowDown");
  await expect.poll(at).toBe("line:cn");
  await press("ArrowRight");
  await expect.poll(at).toBe("pool:beijing");
  await press("ArrowRight", "ArrowRight");
  await expect.poll(at).toMatch(/^task:bj-1\|web/);
  await press("ArrowLeft", "ArrowLeft");
  await expect.poll(at).toBe("pool:beijing");
  await press("Tab");
  await expect.poll(at).toBe("address:bj-1");

  // Enter opens what is known of it; Escape goes back to it.
  await press("Enter");
  await page.getByRole("complementary", { name: "Address bj-1" }).waitFor();
  await shot(page, "panel");
  await expectAccessible(page, "panel of an address");
  await press("Escape");
  await expect.poll(at).toBe("address:bj-1");

  // M, then the menu by keys: disable the address.
  await press("m");
  await page.getByRole("menuitem", { name: "Disable" }).first().waitFor();
  await shot(page, "menu");
  await page.getByRole("menuitem", { name: "Disable", exact: true }).first().focus();
  await press("Enter");
  await page.locator(`${node("address:bj-1")} [data-mark="changed"]`).waitFor();
  await page.locator(`${node("address:bj-1")} [data-state="disabled"]`).waitFor();
  await expect.poll(at).toBe("address:bj-1");

  // Delete asks, naming what goes.
  await page.locator(node("pool:frankfurt")).focus();
  await press("Delete");
  const dialog = page.getByRole("dialog", { name: /Remove frankfurt from gtm.example.com/ });
  await dialog.getByText("fra-2").waitFor();
  await expectAccessible(page, "removal");
  await dialog.getByRole("button", { name: "Remove", exact: true }).click();
  await page.locator('.cv-edge[data-mark="removed"]').first().waitFor();

  // A adds: an address that is there to a pool.
  await page.locator(node("pool:guangzhou")).focus();
  await press("a");
  await page.getByRole("dialog").getByRole("textbox").click();
  await page.getByRole("option", { name: /bj-1/ }).click();
  await page.locator(`${node("address:bj-1")}`).waitFor();
  await shot(page, "draft");
  await expectAccessible(page, "canvas with a draft");

  // What would be answered with the draft.
  await page.goto(`${domain}?explain=line:us&draft=true`);
  await page.locator(`${node("pool:frankfurt")} [data-lit="false"]`).waitFor();
  await page.getByRole("switch", { name: "With the draft applied" }).click();
  await page.locator(`${node("pool:frankfurt")} [data-lit="true"]`).waitFor();

  expect(faults).toEqual([]);
  await context.close();
});

test("the list by keys; in Chinese, dark; on a phone", async () => {
  const { page, context, faults } = await newPage(m, { locale: "zh-CN", colorScheme: "dark" });
  await signIn(page);
  await page.goto(domain);
  await page.locator(node("pool:guangzhou")).waitFor();
  await page.getByRole("button", { name: /^地址池 guangzhou .*正常/ }).waitFor();
  await shot(page, "canvas-zh-dark");
  await expectAccessible(page, "canvas, Chinese, dark");
  await page.goto(`${domain}?explain=line:telecom:cn-gd`);
  await page.locator(`${node("pool:guangzhou")} [data-lit="true"]`).waitFor();
  await shot(page, "explain-zh-dark");
  await expectAccessible(page, "explain, Chinese, dark");
  await page.goto(`${domain}?view=list`);
  const rows = page.getByRole("row");
  await rows.nth(1).focus();
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-node"))).toBe("line:telecom");
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-expanded"))).toBe("false");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-node"))).toBe("pool:guangzhou");
  await page.keyboard.press("m");
  await page.getByRole("menuitem", { name: "编辑" }).waitFor();
  await page.keyboard.press("Escape");
  await shot(page, "list-zh-dark");
  await expectAccessible(page, "list, Chinese, dark");
  await page.goto("/domains");
  await page.getByText("中国电信").waitFor();
  await expectAccessible(page, "access domains, Chinese, dark");

  await page.setViewportSize({ width: 390, height: 844 });
  await shot(page, "phone-domains");
  for (const url of [domain, `${domain}?view=list`, `${domain}?explain=line:telecom`, "/explain?name=www.example.com"]) {
    await page.goto(url);
    await page.getByText("guangzhou", { exact: true }).first().waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, `${url} on a phone`).toBeLessThanOrEqual(390);
    await shot(page, `phone-${url.replace(/[^a-z]+/g, "-")}`);
  }
  expect(faults).toEqual([]);
  await context.close();
});
