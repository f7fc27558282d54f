import { beforeEach, expect, test, vi } from "vitest";
import { leaveFor, onTheWay, safe } from "./back";

beforeEach(() => sessionStorage.clear());

test.each([
  ["/zones/example.com?q=www", "/zones/example.com?q=www"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example", "/"],
  ["javascript:alert(1)", "/"],
  ["/\t/evil.example", "/"],
  ["\t//evil.example", "/"],
  ["/\n\\evil.example", "/"],
  ["/.//evil.example", "/"],
  ["/a/..//evil.example", "/"],
  ["//evil.example:99999999", "/"],
  ["/a#b?c", "/a#b?c"],
  ["/domains/%2A.example.com/A?at=%2F%2Fx", "/domains/%2A.example.com/A?at=%2F%2Fx"],
  ["/signin?back=/", "/"],
  [undefined, "/"],
])("%s", (back, want) => expect(safe(back)).toBe(want));

test("one comes back once, and not late", () => {
  vi.useFakeTimers();
  leaveFor("/audit");
  expect(onTheWay(true)).toBe("/audit");
  expect(onTheWay()).toBe("/audit");
  expect(onTheWay()).toBeUndefined();
  leaveFor("/audit");
  vi.advanceTimersByTime(11 * 60_000);
  expect(onTheWay()).toBeUndefined();
  sessionStorage.setItem("meridian.back", "[");
  expect(onTheWay()).toBeUndefined();
  vi.useRealTimers();
});
