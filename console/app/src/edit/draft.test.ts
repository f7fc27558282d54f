import { beforeEach, expect, test } from "vitest";
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
