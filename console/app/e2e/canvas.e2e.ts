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

test("the quickstart's domain is drawn in full", async () => {
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  await page.goto("/domains");
  await page.getByRole("link", { name: "gtm.example.com" }).waitFor();
  if (shots()) await page.screenshot({ path: `${shots()}/domains.png` });
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
    "address:fra-2",
    "task:bj-1|web|18080",
  ])
    await page.locator(id.startsWith("task") ? '.react-flow__node[data-id^="task:bj-1|web|"]' : node(id)).waitFor();
  if (shots()) await page.screenshot({ path: `${shots()}/canvas.png` });
  await expectAccessible(page, "canvas");
  expect(faults).toEqual([]);
  await context.close();
});
