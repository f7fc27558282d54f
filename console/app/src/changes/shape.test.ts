import { expect, test } from "vitest";
import { rowsOf, valueText } from "./shape";

const update = (field: string, before: unknown, after: unknown) =>
  rowsOf({ kind: "pool", name: "p", action: "update", fields: [{ field, before, after }] });

test("members are told by who came, went and changed", () => {
  expect(
    update(
      "members",
      [
        { address: "a", weight: 1 },
        { address: "b", weight: 1 },
      ],
      [
        { address: "b", weight: 5 },
        { address: "c", weight: 1 },
      ],
    ),
  ).toEqual([
    { path: ["members"], of: "a", op: "remove", before: { address: "a", weight: 1 } },
    { path: ["members", "weight"], of: "b", op: "set", before: 1, after: 5 },
    { path: ["members"], of: "c", op: "add", after: { address: "c", weight: 1 } },
  ]);
});

test("entries are named in the path, as the API does it", () => {
  expect(update("members[hz.1]", { address: "hz.1", weight: 1 }, undefined)).toEqual([
    { path: ["members"], of: "hz.1", op: "remove", before: { address: "hz.1", weight: 1 } },
  ]);
  expect(update("pools[web]", undefined, { pool: "web" })).toEqual([{ path: ["pools"], of: "web", op: "add", after: { pool: "web" } }]);
  expect(update("members[a].weight", 1, 5)).toEqual([{ path: ["members", "weight"], of: "a", op: "set", before: 1, after: 5 }]);
  expect(update("pools[web].lines", ["cn"], ["cn", "default"])).toEqual([
    { path: ["pools", "lines"], of: "web", op: "add", after: "default" },
  ]);
});

test("another order is no silence", () => {
  const [x, y] = [{ address: "a" }, { address: "b" }];
  expect(update("members", [x, y], [y, x])).toEqual([{ path: ["members"], op: "set", before: ["a", "b"], after: ["b", "a"] }]);
});

test("two members of one address stay lists", () => {
  const twice = [
    { pool: "a", serial: 1 },
    { pool: "a", serial: 2 },
  ];
  expect(update("pools", twice, [{ pool: "a", serial: 1 }])).toHaveLength(1);
});

test("sets tell what was added; a value that takes the place of another is before and after", () => {
  expect(update("data", ["192.0.2.1"], ["192.0.2.1", "192.0.2.2"])).toEqual([{ path: ["data"], op: "add", after: "192.0.2.2" }]);
  expect(update("data", ["192.0.2.1"], ["192.0.2.2"])).toEqual([
    { path: ["data"], op: "set", before: ["192.0.2.1"], after: ["192.0.2.2"] },
  ]);
  expect(update("http", { path: "/" }, { path: "/", host: "x" })).toEqual([
    { path: ["http", "host"], op: "set", before: undefined, after: "x" },
  ]);
});

test("of what is made, only what says something", () => {
  const made = rowsOf({
    kind: "line",
    name: "office",
    action: "create",
    fields: [
      { field: "name", after: "office" },
      { field: "enabled", after: true },
      { field: "remark", after: "" },
      { field: "cidrs", after: ["198.51.100.0/24"] },
    ],
  });
  expect(made.map((r) => r.path)).toEqual([["cidrs"]]);
  expect(valueText({ address: "a", enabled: true, lines: ["cn", "default"] }, "yes", "no", "–")).toBe("address=a, lines=cn, default");
  expect(valueText([], "yes", "no", "–")).toBe("–");
});
