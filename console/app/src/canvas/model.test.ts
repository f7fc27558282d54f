import fc from "fast-check";
import { expect, test } from "vitest";
import type { Draft, DraftItem } from "@/edit/draft";
import * as change from "./actions";
import { graphOf, type Shape } from "./fixture";
import { layout, neighbour, shapeOf } from "./layout";
import { collapseAbove, draw, linksOf, membersOf, missing, noExtras, stateOf, taskState } from "./model";
import type { Canvas, View } from "./types";

const key = "www.example.com/A";
const plain: View = { open: new Set(), shut: new Set(), failing: false };
const none: Draft = { items: [] };
const drafted = (...items: DraftItem[]): Draft => ({ items });
const must = (c: Canvas | undefined): Canvas => {
  if (!c) throw new Error("nothing was drawn");
  return c;
};
const body = (o: unknown) => o as Record<string, unknown>;
const g = graphOf();
const domainBody = body(g.domain.object);

test("a domain is drawn from its lines to its health tasks", () => {
  const c = must(draw(key, g, none, plain));
  expect(c.nodes.map((n) => n.id)).toEqual([
    "domain:www.example.com/A",
    "line:telecom",
    "line:default",
    "pool:east",
    "address:e1",
    "task:e1|web|80",
    "address:e2",
    "task:e2|web|80",
    "pool:west",
    "address:w1",
    "task:w1|web|80",
    "last:",
  ]);
  expect(c.edges.find((e) => e.id === "line:telecom>pool:east")).toMatchObject({
    now: true,
    kind: "config",
    rule: { order: 1, lines: ["telecom"] },
  });
  expect(c.edges.find((e) => e.id === "pool:east>address:e1")?.rule?.share).toBe(0.5);
  expect(c.children.get("pool:east")).toEqual(["address:e1", "address:e2"]);
});

test("without proximity all clients take one line", () => {
  const c = must(draw(key, graphOf({ policy: "weighted" }), none, plain));
  expect(c.nodes.filter((n) => n.kind === "line")).toMatchObject([{ code: "default", all: true }]);
  expect(c.edges.filter((e) => e.from === "line:default").map((e) => e.to)).toEqual(["pool:east", "pool:west"]);
});

test("where the clients of a line go although no rule of theirs leads there is drawn as a detour, which moves nothing", () => {
  const before = must(draw(key, g, none, plain));
  const down = graphOf({
    pools: [
      {
        name: "east",
        lines: ["telecom"],
        taken: [],
        addresses: [
          { name: "e1", health: "exceptional" },
          { name: "e2", health: "exceptional" },
        ],
      },
      { name: "west", lines: ["default"], taken: ["telecom", "default"], addresses: [{ name: "w1", taken: true }] },
    ],
  });
  const c = must(draw(key, down, none, plain));
  expect(c.edges.filter((e) => e.kind === "detour")).toMatchObject([{ from: "line:telecom", to: "pool:west", now: true }]);
  expect(c.byId.get("address:e1")?.state).toBe("down");
  expect(shapeOf(c)).toBe(shapeOf(before));
  expect(layout(c)).toEqual(layout(before));
});

test("large pools are folded until they are opened; what fails or is edited can be seen", () => {
  const many = graphOf({
    pools: [
      {
        name: "big",
        addresses: Array.from({ length: collapseAbove + 5 }, (_, i) => ({ name: `a${i}`, health: i === 7 ? "exceptional" : "ok" })),
      },
    ],
  });
  const folded = must(draw(key, many, none, plain));
  expect(folded.byId.get("more:big")).toMatchObject({ count: 25, failing: 1, waiting: 0 });
  expect(folded.nodes.filter((n) => n.kind === "address")).toEqual([]);
  expect(must(draw(key, many, none, { ...plain, open: new Set(["big"]) })).nodes.filter((n) => n.kind === "address")).toHaveLength(25);
  const failing = must(draw(key, many, none, { ...plain, failing: true }));
  expect(failing.nodes.filter((n) => n.kind === "address").map((n) => n.name)).toEqual(["a7"]);
  expect(failing.byId.get("more:big")).toMatchObject({ count: 24, failing: 0, waiting: 1 });
  const small = must(draw(key, g, none, { ...plain, shut: new Set(["east"]) }));
  expect(small.byId.get("more:east")).toMatchObject({ count: 2 });
  const a3 = many.addresses.find((a) => a.name === "a3")?.object;
  const edited = must(
    draw(
      key,
      many,
      drafted({ kind: "address", key: "a3", op: "put", body: { ...body(a3), enabled: false }, base: { version: 1, body: body(a3) } }),
      plain,
    ),
  );
  expect(edited.nodes.filter((n) => n.kind === "address")).toMatchObject([{ name: "a3", mark: "changed", state: "disabled" }]);
});

test("a picture of many addresses opens as an overview, each pool folded", () => {
  const many = graphOf({
    pools: Array.from({ length: 20 }, (_, p) => ({
      name: `p${p}`,
      addresses: Array.from({ length: 20 }, (_, i) => ({ name: `a${p}-${i}` })),
    })),
  });
  expect(must(draw(key, many, none, plain)).nodes.filter((n) => n.kind === "more")).toHaveLength(20);
  expect(must(draw(key, many, none, { ...plain, open: new Set(["p3"]) })).nodes.filter((n) => n.kind === "address")).toHaveLength(20);
});

test("the draft is laid over: what is new, changed and removed is marked, at nodes and links", () => {
  const base = { version: 3, body: domainBody };
  let next = change.dropMember("access_domain", domainBody, "west");
  next = change.addMember("access_domain", next, "north", ["telecom"]);
  next = change.setMember("access_domain", next, "east", { lines: ["default"] });
  const d = drafted(
    { kind: "access_domain", key, op: "put", body: next, base },
    { kind: "pool", key: "north", op: "put", body: { name: "north", type: "IPv4", policy: "round_robin", members: [{ address: "n1" }] } },
    { kind: "address", key: "n1", op: "put", body: { name: "n1", address: "192.0.2.9", tasks: [{ template: "web" }] } },
  );
  const c = must(draw(key, g, d, plain));
  expect(c.byId.get(`domain:${key}`)?.mark).toBe("changed");
  expect(c.byId.get("pool:north")).toMatchObject({ mark: "new", state: "unknown", now: false });
  expect(c.byId.get("address:n1")).toMatchObject({ mark: "new", value: "192.0.2.9" });
  expect(c.byId.get("pool:west")?.mark).toBeUndefined(); // the pool stays; its link goes
  const edges = Object.fromEntries(c.edges.filter((e) => e.kind === "config").map((e) => [e.id, e.mark]));
  expect(edges).toMatchObject({
    "line:default>pool:east": "changed",
    "line:telecom>pool:north": "new",
    "line:default>pool:west": "removed",
    "pool:north>address:n1": "new",
    "pool:east>address:e1": undefined,
  });
});

test("a domain that only the draft knows is drawn; one that nobody knows is not", () => {
  const d = drafted({
    kind: "access_domain",
    key,
    op: "put",
    body: { name: "www.example.com", type: "A", policy: "weighted", ttl: 30, pools: [{ pool: "east" }] },
  });
  expect(must(draw(key, undefined, d, plain)).byId.get(`domain:${key}`)).toMatchObject({ mark: "new", answered: false });
  expect(draw(key, undefined, none, plain)).toBeUndefined();
});

test("a deleted object is drawn as removed, with all below it", () => {
  const c = must(draw(key, g, drafted({ kind: "pool", key: "east", op: "delete", base: { version: 1, body: {} } }), plain));
  expect(c.byId.get("pool:east")?.mark).toBe("removed");
  expect(c.edges.find((e) => e.id === "pool:east>address:e1")?.mark).toBe("removed");
});

test("what the draft brings in from elsewhere is asked for, once each", () => {
  const next = change.addMember("access_domain", domainBody, "north");
  const d = drafted({ kind: "access_domain", key, op: "put", body: next, base: { version: 3, body: domainBody } });
  expect(missing(g, d, key, noExtras)).toEqual({ pools: ["north"], addresses: [] });
  const pool = body(g.pools[0]?.object);
  const d2 = drafted({
    kind: "pool",
    key: "east",
    op: "put",
    body: change.addMember("pool", pool, "far"),
    base: { version: 1, body: pool },
  });
  expect(missing(g, d2, key, noExtras)).toEqual({ pools: [], addresses: ["far"] });
});

test("what no way leads to is grey, with the reason, down to its tasks", () => {
  const c = must(
    draw(
      key,
      graphOf({
        pools: [
          { name: "east", reachable: false, lines: ["default"], addresses: [{ name: "e1" }] },
          { name: "west", lines: ["default"], taken: ["default"], addresses: [{ name: "w1", taken: true }] },
        ],
      }),
      none,
      plain,
    ),
  );
  for (const id of ["pool:east", "address:e1", "task:e1|web|80"])
    expect(c.byId.get(id), id).toMatchObject({ reachable: false, because: { text: "never" } });
  for (const id of ["pool:west", "address:w1", "line:default"]) expect(c.byId.get(id)?.reachable, id).toBe(true);
});

test.each([
  ["an override that withdraws is above all", { health: "ok", override: { action: "drain" } }, { enabled: false }, "withdrawn"],
  ["disabled is above health", { health: "exceptional" }, { enabled: false }, "disabled"],
  ["an override that enables is by hand", { health: "exceptional", override: { action: "enable" } }, {}, "manual"],
  ["a mode that is not automatic is by hand", { health: "ok" }, { mode: "manual_unavailable" }, "manual"],
  ["health alone", { health: "ok_alert" }, { mode: "auto" }, "degraded"],
  ["nobody watches", { health: "unmonitored" }, {}, "unwatched"],
  ["what only the draft knows", undefined, {}, "unknown"],
] as const)("state: %s", (_, health, object, want) => expect(stateOf(health as never, object)).toBe(want));

test("a task that some vantages call failed is degraded, one without votes unknown", () => {
  const health = { state: "up", failed: 1, voting: 3, stale: false } as never;
  expect(taskState({ enabled: true, counts: true, health })).toBe("degraded");
  expect(taskState({ enabled: true, counts: true })).toBe("unknown");
  expect(taskState({ enabled: true, counts: false, health })).toBe("disabled");
});

// Random pictures: names overlap, so pools share addresses.
const name = (p: string, n: number) => fc.integer({ min: 0, max: n }).map((i) => `${p}${i}`);
const shape: fc.Arbitrary<Shape> = fc.record({
  policy: fc.constantFrom("proximity", "weighted", "sequential", "round_robin"),
  pools: fc.uniqueArray(
    fc.record({
      name: name("p", 8),
      lines: fc.uniqueArray(fc.constantFrom("default", "telecom", "cn", "us"), { minLength: 1, maxLength: 3 }),
      weight: fc.integer({ min: 1, max: 100 }),
      taken: fc.uniqueArray(fc.constantFrom("default", "telecom", "cn", "us"), { maxLength: 4 }),
      reachable: fc.boolean(),
      addresses: fc.uniqueArray(
        fc.record({
          name: name("a", 60),
          health: fc.constantFrom("ok", "exceptional", "ok_alert"),
          taken: fc.boolean(),
          tasks: fc.integer({ min: 0, max: 3 }),
        }),
        { selector: (a) => a.name, maxLength: 30 },
      ),
    }),
    { selector: (p) => p.name, maxLength: 7 },
  ),
});
const view: fc.Arbitrary<View> = fc.record({
  open: fc.array(name("p", 8)).map((x) => new Set(x)),
  shut: fc.array(name("p", 8)).map((x) => new Set(x)),
  failing: fc.boolean(),
});

test("whatever the picture: edges join nodes, all hang together, each member is seen or counted, and nothing overlaps", () => {
  fc.assert(
    fc.property(shape, view, (s, v) => {
      const c = must(draw(key, graphOf(s), none, v));
      const ids = new Set(c.nodes.map((n) => n.id));
      expect(ids.size).toBe(c.nodes.length);
      expect(new Set(c.edges.map((e) => e.id)).size).toBe(c.edges.length);
      expect(c.edges.filter((e) => !ids.has(e.from) || !ids.has(e.to))).toEqual([]);
      expect(c.nodes.filter((n) => n.kind !== "domain" && !c.parents.get(n.id)?.length)).toEqual([]);
      for (const p of s.pools ?? []) {
        const more = c.byId.get(`more:${p.name}`);
        const shown = c.edges.filter((e) => e.owner?.kind === "pool" && e.owner.key === p.name).length;
        expect(shown + (more?.kind === "more" ? more.count : 0)).toBe(p.addresses.length);
      }
      const places = [...layout(c).values()].sort((a, b) => a.x - b.x || a.y - b.y);
      expect(places).toHaveLength(c.nodes.length);
      const overlaps = places.filter((b, i) => {
        const a = places[i - 1];
        return a !== undefined && a.x === b.x && a.y + a.height > b.y + 0.01;
      });
      expect(overlaps).toEqual([]);
    }),
    { numRuns: 30 },
  );
}, 30_000);

test("whatever the picture: arrow keys reach every node from the domain", () => {
  fc.assert(
    fc.property(shape, (s) => {
      const c = must(draw(key, graphOf(s), none, plain));
      const places = layout(c);
      const seen = new Set<string>();
      const next = [c.nodes[0]?.id ?? ""];
      for (let id = next.pop(); id; id = next.pop()) {
        if (seen.has(id)) continue;
        seen.add(id);
        for (const to of ["left", "right", "up", "down"] as const) {
          const n = neighbour(c, places, id, to);
          if (n) next.push(n);
        }
      }
      expect(seen.size).toBe(c.nodes.length);
    }),
    { numRuns: 20 },
  );
}, 30_000);

test("whatever is drafted: a member moved there and back is where it was, and shares add up to one", () => {
  fc.assert(
    fc.property(shape, fc.nat(), (s, n) => {
      const doc = body(graphOf({ ...s, policy: "weighted" }).domain.object);
      const members = membersOf("access_domain", doc);
      const m = members[n % Math.max(1, members.length)];
      if (!m) return;
      const there = change.moveMember("access_domain", doc, m.to, 1);
      const order = (b: Record<string, unknown>) => linksOf("access_domain", b, b, [], () => true).map((l) => l.to);
      if (there !== doc) expect(order(change.moveMember("access_domain", there, m.to, -1))).toEqual(order(doc));
      const links = linksOf("access_domain", change.setMember("access_domain", doc, m.to, { weight: 7 }), doc, [], () => true);
      expect(links.reduce((sum, l) => sum + (l.share ?? 0), 0)).toBeCloseTo(1);
      expect(order(change.dropMember("access_domain", change.addMember("access_domain", doc, "new"), "new"))).toEqual(order(doc));
    }),
  );
});

test("a document keeps what the canvas does not know", () => {
  const doc = { ...domainBody, tomorrow: { x: 1 }, pools: [{ pool: "east", later: true }] };
  const next = change.setMember("access_domain", change.addMember("access_domain", doc, "west"), "east", { weight: 3 });
  expect(next).toMatchObject({
    tomorrow: { x: 1 },
    pools: [
      { pool: "east", later: true, weight: 3 },
      { pool: "west", serial: 2 },
    ],
  });
});

test("a health task is found by its template and port, also where the port is the protocol's own", () => {
  const doc = { name: "a", tasks: [{ template: "web" }, { template: "web", port: 81 }] };
  expect(change.dropTask(doc, { template: "web", port: 81 }).tasks).toEqual([{ template: "web" }]);
  expect(change.dropTask(doc, { template: "web", port: 80 }).tasks).toEqual([{ template: "web", port: 81 }]);
  expect(change.setTask(doc, { template: "web", port: 81 }, false).tasks).toEqual([
    { template: "web" },
    { template: "web", port: 81, enabled: false },
  ]);
});
