import { afterEach, expect, test, vi } from "vitest";
import { keep, kept, keptKeys } from "./storage";

afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
  keep("k", null);
});

/** A disk that is full: reading goes on, writing throws. */
function full() {
  const real = localStorage;
  vi.spyOn(window, "localStorage", "get").mockReturnValue({
    getItem: (k: string) => real.getItem(k),
    removeItem: (k: string) => real.removeItem(k),
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  } as unknown as Storage);
}

test("what is kept is there for the next page", () => {
  expect(keep("k", "v")).toBe(true);
  expect(localStorage.getItem("k")).toBe("v");
  expect(kept("k")).toBe("v");
  expect(keptKeys()).toContain("k");
  expect(keep("k", null)).toBe(true);
  expect(localStorage.getItem("k")).toBeNull();
  expect(kept("k")).toBeNull();
});

test("a full disk keeps the old text, and this page has the new one", () => {
  keep("k", "old");
  full();
  expect(keep("k", "new")).toBe(false);
  expect(kept("k")).toBe("new");
  expect(localStorage.getItem("k")).toBe("old");
  vi.restoreAllMocks();
  expect(keep("k", "newer")).toBe(true);
  expect(localStorage.getItem("k")).toBe("newer");
});

test("storage that throws at the first touch breaks nothing", () => {
  vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
    throw new DOMException("denied", "SecurityError");
  });
  expect(kept("k")).toBeNull();
  expect(keep("k", "v")).toBe(false);
  expect(kept("k")).toBe("v");
  expect(keptKeys()).toContain("k");
  expect(keep("k", null)).toBe(false);
  expect(kept("k")).toBeNull();
});
