// Starts real Meridian servers and a real browser for the tests. What a page must never do
// (an error on the console, an exception, a violation of the security policy, a request that fails
// with 5xx or leaves the server) is collected for every page and fails the test.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import axe from "axe-core";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const root = new URL("../../..", import.meta.url).pathname;
export const binary = process.env.MERIDIAN_BINARY ?? join(root, "bin/meridian");
export const password = "a long enough pass phrase";

/** A port nobody has now. Chromium and the server want numbers, not sockets. */
export async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const s = createServer();
    s.once("error", fail);
    s.listen(0, "127.0.0.1", () => {
      const a = s.address();
      s.close(() => (a && typeof a === "object" ? done(a.port) : fail(new Error("no port"))));
    });
  });
}

export type Meridian = {
  url: string;
  dns: number;
  token: string;
  data: string;
  /** Calls the API with the admin token; throws on refusal. */
  api<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  /** dig +short: the answers of a name for a client. */
  dig(name: string, type?: string, subnet?: string): Promise<string[]>;
  /** Makes an endpoint of the quickstart fail its probes, or recover. */
  endpoint(address: string, state: "down" | "up"): Promise<void>;
  stop(): Promise<void>;
};

export async function startMeridian(
  o: { quickstart?: boolean | string; args?: string[]; geo?: boolean; config?: (url: string, data: string) => string } = {},
): Promise<Meridian> {
  const data = mkdtempSync(join(tmpdir(), "meridian-e2e-"));
  const [api, dns] = [await freePort(), await freePort()];
  const args = [
    "serve",
    "--data",
    data,
    "--dns",
    `127.0.0.1:${dns}`,
    "--api",
    `127.0.0.1:${api}`,
    "--probe-allow",
    "127.0.0.0/8",
    "--log-level",
    "warn",
  ];
  if (o.geo !== false && existsSync(join(root, "geo/locations.map"))) args.push("--geo", join(root, "geo"));
  // The quickstart's endpoints on a port of this server's own, so that several can run side by side.
  // Below the ports that the kernel hands to clients: probes of 127.0.0.11 come from 127.0.0.11 and leave some of those taken.
  const endpoints = 12_000 + Math.floor(Math.random() * 18_000);
  if (o.quickstart) {
    const file = join(data, "quickstart.yaml");
    writeFileSync(
      file,
      readFileSync(typeof o.quickstart === "string" ? o.quickstart : join(root, "examples/quickstart.yaml"), "utf8").replaceAll(
        "18080",
        String(endpoints),
      ),
    );
    args.push("--quickstart", file);
  }
  if (o.config) {
    writeFileSync(join(data, "node.yaml"), o.config(`http://127.0.0.1:${api}`, data));
    args.push("--config", join(data, "node.yaml"));
  }
  args.push(...(o.args ?? []));
  const child: ChildProcess = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stdout?.on("data", (b) => (log += b));
  child.stderr?.on("data", (b) => (log += b));
  const url = `http://127.0.0.1:${api}`;
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  for (let i = 0; ; i++) {
    if (child.exitCode !== null || i > 600) {
      await stop();
      throw new Error(`meridian did not start:\n${log}`);
    }
    const ready = await fetch(`${url}/readyz`).then(
      (r) => r.ok,
      () => false,
    );
    if (ready) break;
    await new Promise((r) => setTimeout(r, 50));
  }
  const token = readFileSync(join(data, "admin.token"), "utf8").trim();
  return {
    url,
    dns,
    token,
    data,
    stop,
    async endpoint(address, state) {
      const r = await fetch(`http://${address}:${endpoints}/${state}`, { method: "POST" });
      if (!r.ok) throw new Error(`endpoint ${address} ${state}: ${r.status}`);
    },
    async api<T>(method: string, path: string, body?: unknown): Promise<T> {
      const r = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await r.text();
      if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`);
      return (text ? JSON.parse(text) : undefined) as T;
    },
    async dig(name, type = "A", subnet) {
      const { stdout } = await promisify(execFile)("dig", [
        "@127.0.0.1",
        "-p",
        String(dns),
        "+short",
        "+tries=2",
        "+time=2",
        name,
        type,
        ...(subnet ? [`+subnet=${subnet}`] : []),
      ]);
      return stdout.split("\n").filter(Boolean);
    },
  };
}

let browser: Browser | undefined;

export async function launch(): Promise<Browser> {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await browser?.close();
  browser = undefined;
}

/** What a page did that it must not. */
export type Faults = string[];

export async function newPage(
  m: Meridian,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; context: BrowserContext; faults: Faults }> {
  const context = await (await launch()).newContext({
    baseURL: m.url,
    locale: "en-US",
    viewport: { width: 1440, height: 900 },
    reducedMotion: "reduce", // axe must not see colours half way through a fade
    ...options,
  });
  const page = await context.newPage();
  const faults: Faults = [];
  page.on("console", (msg) => {
    // The browser itself reports answers with 4xx; those are part of a conversation (401 before signing in, 409, 422).
    if (msg.type() === "error" && !/Failed to load resource: the server responded with a status of 4/.test(msg.text()))
      faults.push(`console: ${msg.text()}`);
    if (msg.type() === "warning" && /content security policy/i.test(msg.text())) faults.push(`policy: ${msg.text()}`);
  });
  page.on("pageerror", (err) => faults.push(`exception: ${err.message}`));
  page.on("response", (r) => {
    if (r.status() >= 500) faults.push(`${r.status()} ${r.url()}`);
  });
  page.on("request", (r) => {
    if (!r.url().startsWith(m.url) && !/^(data|blob):/.test(r.url())) faults.push(`left the server: ${r.url()}`);
  });
  await page.addInitScript(() => {
    window.addEventListener("meridian:missing-word", (e) =>
      window.reportError(new Error(`no word for ${(e as CustomEvent<string>).detail}`)),
    );
    document.addEventListener("securitypolicyviolation", (e) => {
      window.reportError(new Error(`policy violated: ${e.violatedDirective} by ${e.blockedURI} at ${e.sourceFile}:${e.lineNumber}`));
    });
  });
  return { page, context, faults };
}

/** Makes the first user through the API, so that pages can sign in. */
export async function makeUser(m: Meridian, name = "ann", grants: unknown[] = [{ role: "admin" }]): Promise<void> {
  await m.api("POST", "/users", { name, password, grants });
}

export async function signIn(page: Page, name = "ann", pass = password): Promise<void> {
  if (!page.url().includes("/signin")) await page.goto("/signin");
  await page.getByLabel(/^(Name|用户名)/).fill(name);
  await page.getByLabel(/^(Password|密码)/).fill(pass);
  await page.getByRole("button", { name: /^(Sign in|登录)$/ }).click();
  await page.waitForURL((u) => !u.pathname.startsWith("/signin"));
}

/** Holds a page to WCAG 2.2 AA as far as axe can see: nothing serious or critical. The policy refuses axe as a
 * script tag, so it is evaluated through the debugger. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const r = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return r.violations
      .filter((v) => v.impact === "serious" || v.impact === "critical")
      .map(
        (v) => `${v.id} (${v.impact}): ${v.nodes.map((n) => `${n.target} ${n.failureSummary?.split("\n")[1]?.trim() ?? ""}`).join(" | ")}`,
      );
  });
  expect(found, `axe on ${what}`).toEqual([]);
}

/** Where pictures go while one works on pages. */
export function shots(): string | undefined {
  const dir = process.env.MERIDIAN_SHOTS;
  if (dir) mkdirSync(dir, { recursive: true });
  return dir;
}
