import { expect, test } from "vitest";
import { got, type Outcome } from "./clients";

const pool = (name: string, ...addresses: string[]) =>
  ({
    basis: "policy",
    rule: "first",
    reason: "",
    pools: [{ pool: name, type: "A", rule: "first", answers: 1, addresses: addresses.map((a) => ({ address: a, value: a })) }],
  }) as Outcome;
const step = (subject: string, lines: string[], before: Outcome, after: Outcome) => ({
  kind: "domain" as const,
  subject,
  at: "2026-11-26T00:00:00Z",
  data: lines.map((line) => ({ line, before, after })) as never,
});

test("an outage and its end, lines alike told once", () => {
  const [both, one, other] = [pool("fra", "a", "b"), pool("fra", "a"), pool("gz", "c")];
  const steps = [
    step("d/A", ["default", "oversea"], both, one),
    step("d/A", ["default", "oversea"], one, other),
    step("d/A", ["default", "oversea"], other, one),
    step("d/A", ["default", "oversea"], one, both),
  ];
  expect(got(steps, true)).toEqual([{ domain: "d/A", lines: ["default", "oversea"], before: both, during: [one, other], after: both }]);
});

test("while it goes on there is no after", () => {
  const [a, b] = [pool("fra", "a"), pool("gz", "c")];
  expect(got([step("d/A", ["default"], a, b)], false)).toEqual([
    { domain: "d/A", lines: ["default"], before: a, during: [b], after: undefined },
  ]);
});

test("steps without data or without a change tell nothing", () => {
  expect(got([{ kind: "domain", subject: "other", at: "" }, step("d/A", ["cn"], pool("x"), pool("x"))], true)).toEqual([]);
});
