import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { changeRequest, currentDraft, discardDraft, openDraft, stage, unstage } from "./draft";

beforeEach(() => {
  localStorage.clear();
  openDraft("ann");
  discardDraft();
});

const base = { version: 7, body: { name: "web", policy: "weighted" } };

test("a second edit keeps what the first was based on", () => {
  stage({ kind: "pool", key: "web", op: "put", body: { name: "web", remark: "a" }, base });
  stage({ kind: "pool", key: "web", op: "put", body: { name: "web", remark: "b" }, base: { version: 9, body: {} } });
  expect(currentDraft().items).toEqual([{ kind: "pool", key: "web", op: "put", body: { name: "web", remark: "b" }, base }]);
  expect(changeRequest(currentDraft(), "why")).toEqual({
    put: [{ kind: "pool", body: { name: "web", remark: "b" }, version: 7 }],
    delete: [],
    comment: "why",
  });
});

test("what is made and deleted in one draft never was", () => {
  stage({ kind: "address", key: "a", op: "put", body: { name: "a" } });
  stage({ kind: "address", key: "a", op: "delete" });
  expect(currentDraft().items).toEqual([]);
});

test("deleting something that exists holds to its version", () => {
  stage({ kind: "pool", key: "web", op: "delete", base });
  expect(changeRequest(currentDraft())).toEqual({ put: [], delete: [{ kind: "pool", name: "web", version: 7 }] });
  unstage("pool", "web");
  expect(currentDraft().items).toEqual([]);
});

test("it survives a reload and belongs to one user", () => {
  stage({ kind: "pool", key: "web", op: "put", body: { name: "web" } });
  openDraft("bob");
  expect(currentDraft().items).toEqual([]);
  openDraft("ann");
  expect(currentDraft().items).toHaveLength(1);
  localStorage.setItem("meridian.draft.bob", "not a draft");
  openDraft("bob");
  expect(currentDraft().items).toEqual([]);
});

afterEach(() => vi.restoreAllMocks());

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

/** As another tab writes it: this one is told a moment later, or not yet. */
const elsewhere = (...items: unknown[]) => localStorage.setItem("meridian.draft.ann", JSON.stringify({ items }));
const keys = () => currentDraft().items.map((i) => i.key);

test("two tabs that edit at once keep each other's changes", () => {
  stage({ kind: "pool", key: "mine", op: "put", body: { name: "mine" } });
  elsewhere(...currentDraft().items, { kind: "pool", key: "theirs", op: "put", body: { name: "theirs" } });
  stage({ kind: "pool", key: "mine too", op: "put", body: { name: "mine too" } });
  expect(keys()).toEqual(["mine", "theirs", "mine too"]);
  expect(JSON.parse(localStorage.getItem("meridian.draft.ann") ?? "").items).toHaveLength(3);
  // And one that was applied or thrown away there does not come back from here.
  localStorage.removeItem("meridian.draft.ann");
  stage({ kind: "pool", key: "new", op: "put", body: { name: "new" } });
  expect(keys()).toEqual(["new"]);
});

test("another tab's change comes in, and so does its clearing of everything", () => {
  const close = openDraft("ann");
  elsewhere({ kind: "pool", key: "theirs", op: "delete", base });
  window.dispatchEvent(new StorageEvent("storage", { key: "meridian.draft.ann" }));
  expect(keys()).toEqual(["theirs"]);
  localStorage.clear();
  window.dispatchEvent(new StorageEvent("storage", { key: null }));
  expect(keys()).toEqual([]);
  close();
});

test("of a corrupt draft what can be shown is kept", () => {
  const good = { kind: "pool", key: "web", op: "put", body: { name: "web" }, base };
  const bad = [null, 1, {}, { ...good, kind: "weather" }, { ...good, key: 1 }, { ...good, body: "x" }, { ...good, base: { version: "7" } }];
  elsewhere(...bad, good, { ...good, op: "buy" });
  openDraft("ann");
  expect(currentDraft().items).toEqual([good]);
});

test("a browser that keeps nothing holds the draft as long as the page", () => {
  const close = openDraft("ann");
  const leave = () => {
    const e = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(e);
    return e.defaultPrevented;
  };
  stage({ kind: "pool", key: "kept", op: "put", body: { name: "kept" } });
  expect(leave()).toBe(false);
  full();
  stage({ kind: "pool", key: "a", op: "put", body: { name: "a" } });
  stage({ kind: "pool", key: "b", op: "put", body: { name: "b" } });
  expect(keys()).toEqual(["kept", "a", "b"]);
  expect(leave()).toBe(true);
  vi.restoreAllMocks();
  unstage("pool", "b");
  expect(JSON.parse(localStorage.getItem("meridian.draft.ann") ?? "").items).toHaveLength(2);
  expect(leave()).toBe(false);
  close();
});
