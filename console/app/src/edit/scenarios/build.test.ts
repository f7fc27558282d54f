import fc from "fast-check";
import { expect, test } from "vitest";
import { keyOfBody, namesOf } from "../objects";
import { type Answers, begin, build, digs, freeName, lacks, type Scenario, scenarios, slug, wishes, zonesAbove } from "./build";

function answered(s: Scenario): Answers {
  const a = begin(s);
  return {
    ...a,
    name: "www.shop.example",
    zone: "shop.example",
    sites: a.sites.map((x, i) => ({ ...x, addresses: [`192.0.2.${i + 1}`, `192.0.2.${i + 101}`] })),
  };
}

test.each(scenarios)("%s: what it names, it makes", (s) => {
  const items = build(answered(s), (_, n) => n);
  const have = new Set(items.map((i) => `${i.kind} ${i.key}`));
  expect(have.size).toBe(items.length);
  for (const i of items) {
    expect(keyOfBody(i.kind, i.body)).toBe(i.key);
    for (const n of namesOf(i.kind, i.body)) if (n.kind !== "line") expect(have, `${i.key} names ${n.key}`).toContain(`${n.kind} ${n.key}`);
  }
  expect(lacks(answered(s), 0, false)).toEqual({});
  expect(lacks(answered(s), 1, false)).toEqual({});
});

const policy = (a: Answers) => build(a, (_, n) => n).at(-1)?.body;

test("each steers as it says", () => {
  expect(policy(answered("active-standby"))).toMatchObject({ policy: "sequential", mode: "preemptive" });
  expect(policy({ ...answered("active-standby"), goBack: false })).toMatchObject({ mode: "non_preemptive" });
  expect(policy(answered("hybrid"))).toMatchObject({ policy: "weighted", pools: [{ weight: 80 }, { weight: 20 }] });
  expect(policy({ ...answered("hybrid"), cloudShare: 0 })).toMatchObject({ policy: "sequential" });
  expect(policy(answered("carrier"))).toMatchObject({
    policy: "proximity",
    pools: [{ lines: ["telecom", "default"] }, { lines: ["unicom"] }, { lines: ["mobile"] }],
  });
  expect(policy(answered("health"))).toMatchObject({ policy: "round_robin" });
  expect(policy(answered("custom"))).toMatchObject({ pools: [] });
});

test("names never collide, whatever is taken and whatever sites are called", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 6 }), { minLength: 1, maxLength: 5 }), fc.func(fc.boolean()), (names, coin) => {
      const a = {
        ...answered("health"),
        sites: names.map((name, id) => ({ id, name, addresses: ["192.0.2.1"], weight: 1 as const, lines: [] })),
      };
      const taken = new Set(
        wishes(a)
          .filter((w) => coin(w.name))
          .map((w) => `${w.kind} ${w.name}`),
      );
      const given = new Set<string>();
      const items = build(a, (kind, like) => {
        const n = freeName(like, (x) => taken.has(`${kind} ${x}`) || given.has(`${kind} ${x}`));
        given.add(`${kind} ${n}`);
        return n;
      });
      const keys = items.map((i) => `${i.kind} ${i.key}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const k of keys) expect(taken.has(k)).toBe(false);
    }),
  );
});

test("small things", () => {
  expect(zonesAbove("*.www.Shop.example.")).toEqual(["www.shop.example", "shop.example"]);
  expect(slug("  Hang Zhou 1! ")).toBe("hang-zhou-1");
  expect(slug("杭州")).toBe("site");
  expect(digs(answered("health"), "127.0.0.1:5300")).toEqual([{ command: "dig @127.0.0.1 -p 5300 +short www.shop.example A" }]);
  expect(digs(answered("carrier"), "192.0.2.53:53")[1]).toEqual({
    line: "unicom",
    command: "dig @192.0.2.53 +short www.shop.example A +subnet=202.106.0.0/24",
  });
  const short = { ...answered("region"), sites: answered("region").sites.map((s) => ({ ...s, lines: [], addresses: ["2001:db8::1"] })) };
  expect(Object.values(lacks(short, 1, true))).toContain("scenario.lack_IPv4");
  expect(lacks(short, 1, true).default).toBe("scenario.lack_default");
});
