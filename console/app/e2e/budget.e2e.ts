// The first useful view stays small: files split by route and by language, counted as gzip would
// send them (brotli is smaller still), with the number of requests.
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type Meridian, makeUser, newPage, signIn, startMeridian } from "./harness";

const most = { bytes: 300_000, requests: 40 };

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian({ quickstart: true });
  await makeUser(m);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

/** What a file weighs on the way when only gzip is spoken. */
function weight(url: string): Promise<number> {
  return new Promise((done, fail) => {
    get(url, { headers: { "Accept-Encoding": "gzip", Accept: "text/html,*/*" } }, (r) => {
      let n = 0;
      r.on("data", (b: Buffer) => (n += b.length));
      r.on("end", () => done(n));
    }).on("error", fail);
  });
}

for (const [language, locale, heading] of [
  ["English", "en-US", "Overview"],
  ["Chinese", "zh-CN", "总览"],
] as const) {
  test(`the overview in ${language} comes within the budget`, async () => {
    const { page, context, faults } = await newPage(m, { locale });
    await signIn(page);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    // A second visit with an empty cache: what somebody with a session loads.
    const cdp = await context.newCDPSession(page);
    await cdp.send("Network.clearBrowserCache");
    const files = new Set<string>();
    let calls = 0;
    page.on("request", (r) => {
      if (new URL(r.url()).pathname.startsWith("/api/")) calls++;
      else files.add(r.url());
    });
    const began = Date.now();
    await page.goto("/");
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    const usable = Date.now() - began;
    await page.waitForLoadState("load");
    const sizes = await Promise.all([...files].map(async (f) => [f, await weight(f)] as const));
    const bytes = sizes.reduce((n, [, w]) => n + w, 0);
    const list = sizes
      .sort((a, b) => b[1] - a[1])
      .map(([f, w]) => `${w}\t${new URL(f).pathname}`)
      .join("\n");
    expect(bytes, `gzip bytes of the first view:\n${list}`).toBeLessThan(most.bytes);
    expect(bytes).toBeGreaterThan(50_000); // else nothing was counted
    expect(files.size, list).toBeLessThan(most.requests);
    // The other language, the canvas, charts and the map are not in it.
    const names = [...files].join("\n");
    expect(names).not.toMatch(/echarts|xyflow|dagre|world|countries/i);
    if (process.env.MERIDIAN_BENCH_RECORD)
      writeFileSync(
        process.env.MERIDIAN_BENCH_RECORD,
        `| first view, ${language} | ${(bytes / 1000).toFixed(0)} kB gzip, ${files.size} files, ${calls} calls, heading after ${usable} ms |\n`,
        { flag: "a" },
      );
    expect(faults).toEqual([]);
    await context.close();
  });
}
