// How long until one can use the canvas of an access domain with 30, 300 and 1,000 nodes: from opening its address, with the
// program already in the browser's cache, until its domain is drawn and an arrow key moves the focus. Then how fluently it zooms.
// One line of JSON and one of a markdown table each; MERIDIAN_BENCH names a file to append the JSON to.
import { appendFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type Meridian, makeUser, newPage, signIn, startMeridian } from "../harness";

let m: Meridian;
beforeAll(async () => {
  m = await startMeridian();
  await makeUser(m);
});
afterAll(async () => {
  await closeBrowser();
  await m?.stop();
});

const lines = ["telecom", "unicom", "mobile", "default"];

/** Pools with addresses of one health task each: 1 + lines + last resort + pools * (1 + 2 * addresses) nodes. */
async function domain(name: string, pools: number, addresses: number): Promise<number> {
  const put: { kind: string; body: unknown }[] = [
    { kind: "zone", body: { name: `${name}.test`, nameservers: ["ns1.example.net."], soa: { contact: "hostmaster.example.net." } } },
    { kind: "template", body: { name, protocol: "tcp", interval: "1h", timeout: "1s" } },
  ];
  const of = (p: number) => Array.from({ length: addresses }, (_, i) => `${name}-${p}-${i}`);
  for (let p = 0; p < pools; p++) {
    for (const [i, a] of of(p).entries())
      put.push({ kind: "address", body: { name: a, address: `127.${p + 1}.${i}.1`, tasks: [{ template: name, port: 1 }] } });
    put.push({
      kind: "pool",
      body: { name: `${name}-${p}`, type: "IPv4", policy: "round_robin", members: of(p).map((address) => ({ address })) },
    });
  }
  const used = lines.slice(-Math.min(lines.length, pools));
  put.push({
    kind: "access_domain",
    body: {
      name: `www.${name}.test`,
      type: "A",
      policy: "proximity",
      pools: Array.from({ length: pools }, (_, p) => ({ pool: `${name}-${p}`, lines: [used[p % used.length]] })),
    },
  });
  await m.api("POST", "/changes", { put });
  return 2 + used.length + pools * (1 + 2 * addresses);
}

test.each([
  ["small", 2, 6],
  ["medium", 7, 20],
  ["large", 24, 20],
])("%s", async (name, pools, addresses) => {
  const nodes = await domain(name, pools, addresses);
  const { page, context, faults } = await newPage(m);
  await signIn(page);
  // Opened by hand: a picture of so many nodes opens as an overview otherwise.
  const open = Array.from({ length: pools }, (_, p) => `${name}-${p}`).join(",");
  const url = `/domains/www.${name}.test/A?open=${open}`;
  const root = page.locator(`.react-flow__node[data-id="domain:www.${name}.test/A"]`);
  await page.goto(url); // fills the cache
  await root.waitFor();
  const runs: number[] = [];
  for (let i = 0; i < 3; i++) {
    await page.goto("/");
    const start = performance.now();
    await page.goto(url, { waitUntil: "commit" });
    await root.waitFor();
    await root.focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => document.activeElement?.getAttribute("data-id")?.startsWith("line:"));
    runs.push(performance.now() - start);
  }
  const rendered = await page.locator(".react-flow__node").count();
  const frames = async () => {
    const box = await page.locator(".react-flow__pane").boundingBox();
    if (!box) throw new Error("no canvas");
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.evaluate(() => {
      const w = window as unknown as { drawnFrames?: number };
      const counting = w.drawnFrames !== undefined;
      w.drawnFrames = 0;
      if (counting) return;
      const count = () => {
        w.drawnFrames = (w.drawnFrames ?? 0) + 1;
        requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
    });
    const from = performance.now();
    for (let i = 0; i < 20; i++) {
      await page.mouse.wheel(0, i < 10 ? 60 : -60);
      await page.waitForTimeout(50);
    }
    const n = await page.evaluate(() => (window as unknown as { drawnFrames: number }).drawnFrames);
    return (n * 1000) / (performance.now() - from);
  };
  const fps = await frames();
  await page.getByRole("button", { name: "Show everything" }).click();
  await page.waitForTimeout(500);
  const whole = await page.locator(".react-flow__node").count();
  const fpsWhole = await frames();
  const result = {
    what: "canvas",
    nodes,
    usable_ms: Math.round(runs.sort((a, b) => a - b)[1] ?? 0),
    drawn_at_start: rendered,
    zoom_fps: Math.round(fps),
    drawn_whole: whole,
    zoom_fps_whole: Math.round(fpsWhole),
  };
  const line = JSON.stringify(result);
  process.stdout.write(
    `${line}\n| canvas of ${nodes} nodes | usable after ${result.usable_ms} ms | ${result.zoom_fps} frames/s zooming, ${result.zoom_fps_whole} with all in sight |\n`,
  );
  if (process.env.MERIDIAN_BENCH) appendFileSync(process.env.MERIDIAN_BENCH, `${line}\n`);
  expect(faults).toEqual([]);
  await context.close();
});
