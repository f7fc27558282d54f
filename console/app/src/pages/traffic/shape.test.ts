import { expect, test } from "vitest";
import { countsOf, nextBy, parseSearch, shownBy } from "./search";
import { before, type Counted, change, known, rowsOf, shape, spread } from "./shape";

const base: Counted = {
  from: "2026-01-01T10:00:30Z",
  until: "2026-01-01T10:04:00Z",
  of: "answers",
  exact: true,
  step_seconds: 60,
  total: 180,
  others: 60,
  series: [{ key: { name: "a" }, total: 120, points: [{ at: "2026-01-01T10:00:00Z", queries: 120 }] }],
  others_points: [{ at: "2026-01-01T10:03:00Z", queries: 60 }],
  covered: [
    { at: "2026-01-01T10:00:00Z", nodes: 2, share: 1 },
    { at: "2026-01-01T10:01:00Z", nodes: 2, share: 1 },
    { at: "2026-01-01T10:03:00Z", nodes: 1, share: 0.5 },
  ],
} as Counted;

test("no report is a gap; a report without queries is zero; half a report is half a time", () => {
  const s = shape(base);
  expect(s.times.length).toBe(4);
  expect(s.lines.map((l) => l.values)).toEqual([
    [2, 0, null, 0],
    [0, 0, null, 2],
  ]);
  expect(s.lines[1]?.key).toBeNull();
  expect(s.total).toEqual([2, 0, null, 2]);
  expect(s.nodes).toEqual({ least: 1, most: 2 });
  expect(shape({ ...base, covered: [], series: [], others: 0 }).total).toEqual([null, null, null, null]);
});

test("the time before ends where this one begins, and rates are compared", () => {
  expect(known(base)).toEqual({ seconds: 150, share: 150 / 240 });
  expect(before(base)).toEqual({ from: "2026-01-01T09:56:00.000Z", until: "2026-01-01T10:00:00.000Z" });
  expect(before(base, "week")).toEqual({ from: "2025-12-25T10:00:00.000Z", until: "2025-12-25T10:04:00.000Z" });
  expect(change(100, 50, 100, 100)).toBe(1);
  expect(change(100, 50, 0, 100)).toBeUndefined();
  expect(change(100, 50, 10, 0)).toBeUndefined();
  expect(rowsOf(base, { ...base, series: [{ key: { name: "a" }, total: 60 }] } as Counted)).toEqual([
    { key: { name: "a" }, total: 120, share: 120 / 180, before: 60 },
  ]);
});

test("noise is not called a fault, a wrong share is", () => {
  expect(spread(0.3, 0.302, 10_000).verdict).toBe("within");
  expect(spread(0.3, 0.32, 10_000).verdict).toBe("outside");
  expect(spread(0.3, 0.32, 1_000).verdict).toBe("within");
  expect(spread(0.5, 1, 3).verdict).toBe("few");
  expect(spread(0.01, 0.05, 100).verdict).toBe("few");
  expect(spread(1, 1, 100).verdict).toBe("within");
  expect(spread(0, 0.1, 1000).verdict).toBe("outside");
  expect(spread(undefined, 0.5, 1000).verdict).toBe("none");
  // Of honest draws no more than some are called wrong.
  let wrong = 0;
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (let i = 0; i < 400; i++) {
    let hits = 0;
    for (let j = 0; j < 500; j++) if (random() < 0.2) hits++;
    if (spread(0.2, hits / 500, 500).verdict === "outside") wrong++;
  }
  expect(wrong).toBeLessThan(16);
  expect(wrong).toBeGreaterThan(0);
});

test("only what is counted together can be asked for", () => {
  expect(countsOf("rcode", "node")).toBe("codes");
  expect(countsOf("rcode", "name")).toBe("answers");
  expect(countsOf("country", "line")).toBeUndefined();
  expect(nextBy({ name: "a" }, "name")).toBe("line");
  expect(nextBy({ name: "a", line: "cn" }, "line")).toBe("pool");
  expect(nextBy({ name: "a", line: "cn", pool: "p" }, "pool")).toBe("address");
  expect(nextBy({ country: "cn" }, "country")).toBe("subnet");
  expect(nextBy({ subnet: "192.0.2.0/24", country: "cn" }, "subnet")).toBeUndefined();
  expect(shownBy({ by: "country", line: "cn" })).toBe("name");
  expect(shownBy({ by: "country", name: "a" })).toBe("country");
});

test("a search keeps only what it understands", () => {
  expect(parseSearch({ by: "colour", name: 12, last: "30d", line: "", from: "no" })).toEqual({ name: "12", last: "30d" });
  expect(parseSearch({ from: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z" })).toEqual({});
  expect(parseSearch({ from: "2026-01-01T00:00:00Z", last: "1h" })).toEqual({ from: "2026-01-01T00:00:00.000Z" });
});
