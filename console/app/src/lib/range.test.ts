import { expect, test } from "vitest";
import { bounds, lengthOf, rangeOf, timesOf } from "./range";

test("a length of time", () => {
  expect(lengthOf("90m")).toBe(5_400_000);
  expect(lengthOf("30d")).toBe(30 * 86_400_000);
  for (const bad of ["", "0h", "h", "1y", "-1h", "1h2m", 5, null, undefined]) expect(lengthOf(bad)).toBeUndefined();
});

test("what is no range is dropped", () => {
  expect(rangeOf({ last: "6h", other: 1 })).toEqual({ last: "6h" });
  expect(rangeOf({ last: "soon" })).toEqual({});
  expect(rangeOf({ from: "2026-11-25T00:00:00Z", until: "2026-11-24T00:00:00Z", last: "7d" })).toEqual({ last: "7d" });
  expect(rangeOf({ from: "nonsense" })).toEqual({});
  expect(rangeOf({ from: "2026-11-25T00:00:00Z" })).toEqual({ from: "2026-11-25T00:00:00.000Z" });
});

test("what the API is asked for", () => {
  expect(timesOf({})).toEqual({ last: "1h" });
  expect(timesOf({}, "24h")).toEqual({ last: "24h" });
  expect(timesOf(rangeOf({ from: 0, until: 60_000 }))).toEqual({ from: "1970-01-01T00:00:00.000Z", until: "1970-01-01T00:01:00.000Z" });
});

test("bounds in milliseconds", () => {
  expect(bounds({ last: "1h" }, "6h", 10_000_000)).toEqual({ from: 6_400_000, until: 10_000_000 });
  expect(bounds({ from: "1970-01-01T00:00:01Z" }, "6h", 5_000)).toEqual({ from: 1_000, until: 5_000 });
});
