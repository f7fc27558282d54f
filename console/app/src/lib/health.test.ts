import { expect, test } from "vitest";
import { grades, matches, stateOfGrade, stateOfTask, stateOfWord } from "./health";

test("every grade has a state, and what is new is unknown", () => {
  for (const g of grades) expect(stateOfGrade(g)).toBeDefined();
  expect(stateOfGrade("exceptional")).toBe("down");
  expect(stateOfGrade("excellent")).toBe("unknown");
});

test("a stale verdict is not shown as fresh", () => {
  expect(stateOfTask({ state: "up", stale: true })).toBe("stale");
  expect(stateOfTask({ state: "unknown", stale: true })).toBe("unknown");
  expect(stateOfTask({ state: "down" })).toBe("down");
});

test("words of transitions", () => {
  expect(["up", "available", "alive"].map(stateOfWord)).toEqual(["ok", "ok", "ok"]);
  expect(["down", "unavailable", "lost"].map(stateOfWord)).toEqual(["down", "down", "down"]);
});

test("selectors want all their labels", () => {
  expect(matches("site=hz,tier=web", { site: "hz", tier: "web", x: "y" })).toBe(true);
  expect(matches("site=hz,tier=db", { site: "hz", tier: "web" })).toBe(false);
  expect(matches("", { site: "hz" })).toBe(false);
  expect(matches("site=hz", undefined)).toBe(false);
});
