import { expect, test } from "vitest";
import { rateOf } from "./rates";

const s = (at: number, queries: number, started = "a") => ({ at, queries, started });

test("the rate is the difference by the node's clock", () => {
  expect(rateOf(s(1_000, 10), s(3_000, 110))).toBe(50);
  expect(rateOf(s(1_000, 10), s(3_000, 10))).toBe(0);
});

test("a restart, a first look or a repeated one give none", () => {
  expect(rateOf(undefined, s(1_000, 10))).toBeUndefined();
  expect(rateOf(s(1_000, 500), s(3_000, 10, "b"))).toBeUndefined();
  expect(rateOf(s(1_000, 10), s(1_000, 20))).toBeUndefined();
  expect(rateOf(s(1_000, 20), s(2_000, 10))).toBeUndefined();
});
