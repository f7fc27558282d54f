import { expect, test } from "vitest";
import { moments, withGaps } from "./time";

test("missing intervals break a line, neighbouring ones do not", () => {
  expect(
    withGaps(
      [
        [0, 1],
        [60_000, 2],
        [300_000, 3],
      ],
      60,
    ),
  ).toEqual([
    [0, 1],
    [60_000, 2],
    [120_000, null],
    [300_000, 3],
  ]);
  expect(withGaps([], 60)).toEqual([]);
});

test("moments of all lines, each once", () => {
  const line = (...at: number[]) => ({ name: "", points: at.map((t): [number, number] => [t, 1]) });
  expect(moments([line(30, 10), line(20, 10)])).toEqual([10, 20, 30]);
});
