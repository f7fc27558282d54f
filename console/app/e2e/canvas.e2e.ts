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
