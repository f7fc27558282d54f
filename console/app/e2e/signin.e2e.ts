import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, expectAccessible, type Meridian, newPage, password, shots, signIn, startMeridian } from "./harness";

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian({ quickstart: true });
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

test("the first user is made with the admin token, once, and signs in and out", async () => {
  const { page, context, faults } = await newPage(m);
  await page.goto("/");
  await page.getByRole("heading", { name: "Create the first user" }).waitFor();
  await expectAccessible(page, "first sign-in");
  if (shots()) await page.screenshot({ path: `${shots()}/first.png` });

  await page.getByLabel("Admin token").fill("wrong");
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await page.getByRole("alert").waitFor();

  await page.getByLabel("Admin token").fill(m.token);
  await page.getByRole("button", { name: "Create and sign in" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.locator('[data-live="live"]').waitFor();
  await expectAccessible(page, "overview");

  await page.getByRole("button", { name: "Account of ann" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();
  await page.goto("/");
  await page.waitForURL(/signin/);
  await page.getByRole("heading", { name: "Sign in", level: 1 }).waitFor();

  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("password").waitFor();
  await signIn(page);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  expect(faults).toEqual([]);
  await context.close();
});

test("in Chinese, dark", async () => {
  const { page, context, faults } = await newPage(m, { locale: "zh-CN", colorScheme: "dark" });
  await page.goto("/");
  await page.getByRole("heading", { name: "登录", level: 1 }).waitFor();
  expect(await page.getAttribute("html", "lang")).toBe("zh-CN");
  await expectAccessible(page, "sign-in, Chinese, dark");
  await signIn(page);
  await page.getByRole("heading", { name: "总览", level: 1 }).waitFor();
  await expectAccessible(page, "overview, Chinese, dark");
  if (shots()) await page.screenshot({ path: `${shots()}/overview-zh-dark.png` });
  expect(faults).toEqual([]);
  await context.close();
});
