import { expect, test } from "vitest";
import { graphOf } from "@/canvas/fixture";
import { draw } from "@/canvas/model";
import type { Canvas } from "@/canvas/types";
import { lightOf } from "./light";
import { compose, parts } from "./lines";
import { clientOf, clientText, digCommand, type Explanation, looksLikeClient, type Question, requestOf } from "./question";

const q = (c: Partial<Question> = {}): Question => ({
  name: "www.example.com",
  type: "A",
  client: { by: "any" },
  down: [],
  draft: false,
  ...c,
});

test.each(["any", "203.0.113.9", "2001:db8::/32", "line:mobile:cn-gd"])("a client in an address: %s", (text) =>
  expect(clientText(clientOf(text))).toBe(text),
);

test.each(["1.2.3.4", "1.2.3.0/24", "::1", "2001:db8::/48", "::ffff:1.2.3.4"])("%s looks like a client", (s) =>
  expect(looksLikeClient(s)).toBe(true),
);
test.each(["", "1.2.3", "1.2.3.256", "1.2.3.4/33", "www", "1::2::3", "2001:db8::/129"])("%j does not", (s) =>
  expect(looksLikeClient(s)).toBe(false),
);

test("what is not complete is not asked", () => {
  const none = { items: [] };
  expect(requestOf(q({ name: "" }), none)).toBeUndefined();
  expect(requestOf(q({ client: { by: "ip", ip: "1.2." } }), none)).toBeUndefined();
  expect(requestOf(q({ client: { by: "line", line: "cn" }, down: ["a"] }), none)).toEqual({
    name: "www.example.com",
    type: "A",
    line: "cn",
    down: ["a"],
  });
  const draft = { items: [{ kind: "pool" as const, key: "p", op: "put" as const, body: { name: "p" } }] };
  expect(requestOf(q({ draft: true }), draft)?.draft).toEqual({ put: [{ kind: "pool", body: { name: "p" } }], delete: [] });
  expect(requestOf(q(), draft)?.draft).toBeUndefined();
});

test("the dig command asks the same", () => {
  expect(digCommand(q(), "ns1.example.net")).toBe("dig @ns1.example.net www.example.com A");
  expect(digCommand(q({ client: { by: "ip", ip: "203.0.113.9" } }), "127.0.0.1 -p 5300")).toBe(
    "dig @127.0.0.1 -p 5300 www.example.com A +subnet=203.0.113.9/32",
  );
  expect(digCommand(q({ client: { by: "ip", ip: "2001:db8::/48" }, type: "AAAA" }), "")).toBe(
    "dig www.example.com AAAA +subnet=2001:db8::/48",
  );
});

const codes = new Set(["cn", "cn-gd", "mobile", "mobile:cn-gd", "us", "us-ca"]);
test.each([
  ["cn", "cn-gd", "mobile", "mobile:cn-gd"],
  ["cn", "", "mobile", "mobile"],
  ["cn", "cn-gd", "", "cn-gd"],
  ["us", "us-ca", "", "us-ca"],
  ["", "", "mobile", "mobile"],
])("%s %s on %s is the line %s, and back", (country, province, isp, line) => {
  expect(compose(codes, country, province, isp)).toBe(line);
  const p = parts(line);
  expect(compose(codes, p.country, p.province, p.isp)).toBe(line);
});

const key = "www.example.com/A";
const picture = draw(key, graphOf(), { items: [] }, { open: new Set(), shut: new Set(), failing: false }) as Canvas;
const considered = (name: string, taken: boolean, addresses: [string, boolean][] = []) => ({
  name,
  serial: 1,
  weight: 1,
  lines: [],
  available: taken,
  state: "s",
  taken,
  why: `${name} why`,
  addresses: addresses.map(([a, t]) => ({ name: a, serial: 1, weight: 1, lines: [], available: t, state: "s", taken: t, why: `${a} why` })),
});
const explained = (step: object, lines = ["telecom", "default"]): Explanation =>
  ({
    name: "www.example.com",
    type: "A",
    position: { revision: 1 },
    client: { basis: "line", lines: lines.map((code) => ({ code, why: "" })) },
    steps: [{ name: "www.example.com.", kind: "access_domain", access_domain: key, reason: "", scope: 0, ...step }],
    rcode: "NOERROR",
    outcome: "answer",
    answer: [],
    scope: 0,
  }) as Explanation;

test("the path of an answer lights up, and what was left says why", () => {
  const l = lightOf(
    explained({
      basis: "policy",
      line: "telecom",
      pools: [
        considered("east", true, [
          ["e1", true],
          ["e2", false],
        ]),
        considered("west", false, [["w1", false]]),
      ],
    }),
    key,
    picture,
  );
  expect([...(l?.nodes ?? [])].sort()).toEqual(["address:e1", "domain:www.example.com/A", "line:telecom", "pool:east"]);
  expect([...(l?.edges ?? [])].sort()).toEqual(["domain:www.example.com/A>line:telecom", "line:telecom>pool:east", "pool:east>address:e1"]);
  expect(l?.why.get("address:e2")).toBe("e2 why");
  expect(l?.why.get("pool:west")).toBe("west why");
  expect(l?.why.get("line:default")).toBe("in_line");
  expect(l?.ways).toEqual([]);
});

test("a way that no rule draws is drawn for the answer alone", () => {
  const l = lightOf(
    explained({ basis: "policy", line: "telecom", pools: [considered("east", false), considered("west", true, [["w1", true]])] }),
    key,
    picture,
  );
  expect(l?.ways).toEqual([["line:telecom", "pool:west"]]);
});

test("the last resort lights its own branch", () => {
  const l = lightOf(explained({ basis: "last_resort", pools: [considered("west", true, [["w1", true]])] }), key, picture);
  expect(l?.nodes.has("last:")).toBe(true);
  expect(l?.edges.has("last:>pool:west")).toBe(true);
});

test("an address in a folded pool lights the fold", () => {
  const folded = draw(key, graphOf(), { items: [] }, { open: new Set(), shut: new Set(["east"]), failing: false }) as Canvas;
  const l = lightOf(explained({ basis: "policy", line: "telecom", pools: [considered("east", true, [["e1", true]])] }), key, folded);
  expect(l?.nodes.has("more:east")).toBe(true);
});

test("an explanation that does not come to the domain lights nothing", () =>
  expect(lightOf(explained({}), "other.example.com/A", picture)).toBeUndefined());
