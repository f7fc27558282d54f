import { expect, test } from "vitest";
import { group, merged, type Problem } from "./group";

const cause = (task: string) => ({ address: task.split("/")[0] ?? "", task, failed: 1, voting: 1 });
const problem = (kind: string, name: string, more: Partial<Problem> = {}): Problem =>
  ({ kind, name, state: "exceptional", severity: "major", text: { code: "", text: "" }, ...more }) as Problem;

test("one outage is one group, the access domain first", () => {
  const [a, b] = [cause("fra-1/web/80"), cause("fra-2/web/80")];
  const groups = group([
    problem("address", "fra-2", { causes: [b], since: "2026-11-26T01:00:01Z" }),
    problem("address", "fra-1", { causes: [a], since: "2026-11-26T01:00:00Z" }),
    problem("pool", "frankfurt", { causes: [a, b] }),
    problem("access_domain", "gtm.example.com/A", { causes: [a, b], since: "2026-11-26T01:00:01Z" }),
    problem("address", "lonely", { causes: [cause("lonely/web/80")] }),
  ]);
  expect(groups.map((g) => [g.head.name, g.rest.length])).toEqual([
    ["gtm.example.com/A", 3],
    ["lonely", 0],
  ]);
  expect(groups[0]?.since).toBe("2026-11-26T01:00:00Z");
});

test("machines of one state are one group, and the graver comes first", () => {
  const groups = group([
    ...Array.from({ length: 40 }, (_, i) => problem("node", `edge-${i}`, { state: "silent" })),
    problem("node", "edge-x", { state: "lagging" }),
    problem("access_domain", "a.example.com/A", { severity: "critical" }),
  ]);
  expect(groups.map((g) => g.rest.length).sort((a, b) => a - b)).toEqual([0, 0, 39]);
  expect(groups[0]?.head.name).toBe("a.example.com/A");
  expect(groups).toHaveLength(3);
});

test("an order and what it withdraws belong together", () => {
  const override = { id: "override-1", action: "drain", author: "ann" } as NonNullable<Problem["override"]>;
  const groups = group([
    problem("override", "override-1", { severity: "minor", override, domains: { count: 1, names: ["a.example.com/A"] } }),
    problem("access_domain", "a.example.com/A", { state: "ok_alert" }),
  ]);
  expect(groups).toHaveLength(1);
});

test("lines that get the same are told once", () => {
  const outcome = (pool: string) => ({
    basis: "policy",
    rule: "first",
    reason: "",
    pools: [{ pool, type: "A", rule: "first", answers: 1, addresses: [] }],
  });
  const list = ["default", "oversea", "cn"].map((line) => ({ line, before: outcome("a"), now: outcome(line === "cn" ? "c" : "b") }));
  expect(merged(list as never).map((m) => m.lines)).toEqual([["default", "oversea"], ["cn"]]);
});
