import { beforeEach, expect, test } from "vitest";
import { objectOf, recents, visited } from "./recent";

beforeEach(() => localStorage.clear());

test("pages of objects are remembered, the last one first, once each", () => {
  visited("/pools/web");
  visited("/domains/*.example.com/A");
  visited("/pools");
  visited("/pools/web");
  expect(recents()).toEqual([
    { kind: "pool", name: "web" },
    { kind: "access_domain", name: "*.example.com/A" },
  ]);
  for (let i = 0; i < 20; i++) visited(`/addresses/a${i}`);
  expect(recents()).toHaveLength(8);
});

test("what is no object, or was written by others, is nothing", () => {
  expect(objectOf("/pools/%E0%A4%A")).toBeUndefined();
  expect(objectOf("/lines/telecom%3Acn-gd")).toEqual({ kind: "line", name: "telecom:cn-gd" });
  localStorage.setItem("meridian.recent", '{"no":1}');
  expect(recents()).toEqual([]);
  localStorage.setItem("meridian.recent", "[1,null]");
  expect(recents()).toEqual([]);
});
