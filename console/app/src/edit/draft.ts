// The draft: changes that somebody has made in the console and not yet applied. It lives in this
// browser, per user, survives a reload, and becomes one change set: applied whole or not at all.
import { useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";

export type Kind = Schemas["PutItem"]["kind"];
export type Body = Record<string, unknown>;

/** One object in the draft. base is what it was based on: absent for a new object. */
export type DraftItem = {
  kind: Kind;
  /** Key of the object: its name; NAME/TYPE of an access domain; ZONE/NAME/TYPE of a record. */
  key: string;
  op: "put" | "delete";
  body?: Body;
  base?: { version: number; body: Body };
};

export type Draft = { items: DraftItem[]; since?: string };

const empty: Draft = { items: [] };
let owner = "";
let draft: Draft = empty;
const watchers = new Set<() => void>();

const place = () => `meridian.draft.${owner}`;

function set(next: Draft): void {
  draft = next;
  if (next.items.length === 0) localStorage.removeItem(place());
  else localStorage.setItem(place(), JSON.stringify(next));
  for (const w of watchers) w();
}

function read(): Draft {
  try {
    const d = JSON.parse(localStorage.getItem(place()) ?? "null") as Draft | null;
    return d && Array.isArray(d.items) ? d : empty;
  } catch {
    return empty; // somebody else's data under our key is no draft
  }
}

/** Takes up the draft of a user, as left in this browser; another tab's changes come in as well. */
export function openDraft(user: string): () => void {
  owner = user;
  draft = read();
  for (const w of watchers) w();
  const changed = (e: StorageEvent) => {
    if (e.key !== place()) return;
    draft = read();
    for (const w of watchers) w();
  };
  window.addEventListener("storage", changed);
  return () => window.removeEventListener("storage", changed);
}

export function currentDraft(): Draft {
  return draft;
}

export function useDraft(): Draft {
  return useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => draft,
  );
}

export function draftItem(kind: Kind, key: string): DraftItem | undefined {
  return draft.items.find((i) => i.kind === kind && i.key === key);
}

/** Puts an object into the draft, or changes it there; what it was first based on stays. */
export function stage(item: DraftItem): void {
  const old = draftItem(item.kind, item.key);
  const rest = draft.items.filter((i) => i !== old);
  const base = old ? old.base : item.base;
  // What was made in this draft and is deleted in it never was.
  if (item.op === "delete" && old && !old.base) {
    set({ ...draft, items: rest });
    return;
  }
  const next: DraftItem = { ...item };
  if (base) next.base = base;
  else delete next.base;
  set({ since: draft.since ?? new Date().toISOString(), items: [...rest, next] });
}

export function unstage(kind: Kind, key: string): void {
  set({ ...draft, items: draft.items.filter((i) => i.kind !== kind || i.key !== key) });
}

export function discardDraft(): void {
  set(empty);
}

/** The draft as one change set, each object held to the version it was based on. */
export function changeRequest(d: Draft, comment = ""): Schemas["ChangeRequest"] {
  const put = d.items
    .filter((i) => i.op === "put")
    .map((i) => ({ kind: i.kind, body: i.body, ...(i.base ? { version: i.base.version } : {}) }));
  const del = d.items
    .filter((i) => i.op === "delete" && i.kind !== "settings")
    .map((i) => ({ kind: i.kind, name: i.key, ...(i.base ? { version: i.base.version } : {}) }));
  return { put, delete: del, ...(comment ? { comment } : {}) } as Schemas["ChangeRequest"];
}

/** Puts an object on another ground: what it now is based on, after somebody else's change was taken in. A delete keeps none of the body. */
export function rebase(kind: Kind, key: string, body: Body | undefined, base: { version: number; body: Body } | undefined): void {
  const old = draftItem(kind, key);
  if (!old) return;
  const { base: _, ...rest } = old;
  const next: DraftItem = { ...rest, ...(body ? { body } : {}), ...(base ? { base } : {}) };
  set({ ...draft, items: draft.items.map((i) => (i === old ? next : i)) });
}
