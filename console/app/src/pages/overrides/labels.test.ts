import { expect, test } from "vitest";
import { carries, choicesOf } from "./labels";

test("sites come first, each with what it would hit", () => {
  const got = choicesOf(
    [
      { name: "a", labels: { tier: "web", site: "hz" } },
      { name: "b", labels: { site: "hz" } },
      { name: "c", labels: { site: "bj" } },
    ],
    [{ name: "p", labels: { tier: "web" } }, { name: "q" }],
  );
  expect(got.map((c) => [c.selector, c.addresses, c.pools])).toEqual([
    ["site=bj", 1, 0],
    ["site=hz", 2, 0],
    ["tier=web", 1, 1],
  ]);
});

test("a selector asks for all of its labels", () => {
  const o = { name: "a", labels: { site: "hz", tier: "web" } };
  expect(carries(o, "site=hz, tier=web")).toBe(true);
  expect(carries(o, "site=hz,tier=db")).toBe(false);
  expect(carries(o, "")).toBe(false);
  expect(carries(o, "site")).toBe(false);
});
