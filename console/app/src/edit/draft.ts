// The draft: changes that somebody has made in the console and not yet applied. It lives in this
// browser, per user, survives a reload, and becomes one change set: applied whole or not at all.
import { useSyncExternalStore } from "react";
import type { Schemas } from "@/api/client";
import { keep, kept } from "@/lib/storage";

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
/** The text that draft was read from or written as. */
let text: string | null = null;
/** Whether the browser took it: else it lasts as long as this page. */
let stored = true;
const watchers = new Set<() => void>();

const place = () => `meridian.draft.${owner}`;

function tell(): void {
  for (const w of watchers) w();
}

/** Changes what stands there now: another tab may have written since this one was told. */
function change(f: (d: Draft) => Draft): void {
  sync();
  draft = f(draft);
  text = draft.items.length === 0 ? null : JSON.stringify(draft);
  stored = keep(place(), text) || text === null;
  tell();
}

function sync(): void {
  const now = kept(place());
  if (now === text) return;
  text = now;
  draft = parse(now);
}

const kinds: ReadonlySet<string> = new Set<Kind>([
  "settings",
  "line",
  "template",
  "address",
  "pool",
  "zone",
  "record",
  "access_domain",
  "assertion",
]);

const isBody = (v: unknown): v is Body => typeof v === "object" && v !== null && !Array.isArray(v);

function isItem(v: unknown): v is DraftItem {
  if (!isBody(v) || typeof v.kind !== "string" || !kinds.has(v.kind) || typeof v.key !== "string") return false;
  if (v.op !== "delete" && !(v.op === "put" && isBody(v.body))) return false;
  return v.base === undefined || (isBody(v.base) && typeof v.base.version === "number" && isBody(v.base.body));
}

/** What somebody else, or another release, wrote under our key is no draft; nor is an item that nobody could show. */
function parse(stored: string | null): Draft {
  try {
    const d = JSON.parse(stored ?? "null") as unknown;
    if (!isBody(d) || !Array.isArray(d.items)) return empty;
    return { items: d.items.filter(isItem), ...(typeof d.since === "string" ? { since: d.since } : {}) };
  } catch {
    return empty;
  }
}

/** Takes up the draft of a user, as left in this browser; another tab's changes come in as well. */
export function openDraft(user: string): () => void {
  owner = user;
  text = kept(place());
  draft = parse(text);
  stored = true;
  tell();
  const changed = (e: StorageEvent) => {
    if (e.key !== place() && e.key !== null) return;
    sync();
    tell();
  };
  // Who has to be asked before a tab closes: the draft is nowhere else.
  const leaving = (e: BeforeUnloadEvent) => {
    if (!stored && draft.items.length > 0) e.preventDefault();
  };
  window.addEventListener("storage", changed);
  window.addEventListener("beforeunload", leaving);
  return () => {
    window.removeEventListener("storage", changed);
    window.removeEventListener("beforeunload", leaving);
  };
}

/** Whether the draft outlives this page. */
export function useIsStored(): boolean {
  return useSyncExternalStore(watch, () => stored);
}

function watch(w: () => void): () => void {
  watchers.add(w);
  return () => watchers.delete(w);
}

export function currentDraft(): Draft {
  return draft;
}

export function useDraft(): Draft {
  return useSyncExternalStore(watch, () => draft);
}

const itemOf = (d: Draft, kind: Kind, key: string) => d.items.find((i) => i.kind === kind && i.key === key);

export function draftItem(kind: Kind, key: string): DraftItem | undefined {
  return itemOf(draft, kind, key);
}

/** Puts an object into the draft, or changes it there; what it was first based on stays. */
export function stage(item: DraftItem): void {
  change((d) => {
    const old = itemOf(d, item.kind, item.key);
    const rest = d.items.filter((i) => i !== old);
    // What was made in this draft and is deleted in it never was.
    if (item.op === "delete" && old && !old.base) return { ...d, items: rest };
    const { base: first, ...next } = item;
    const base = old ? old.base : first;
    return { since: d.since ?? new Date().toISOString(), items: [...rest, base ? { ...next, base } : next] };
  });
}

export function unstage(kind: Kind, key: string): void {
  change((d) => ({ ...d, items: d.items.filter((i) => i.kind !== kind || i.key !== key) }));
}

export function discardDraft(): void {
  change(() => empty);
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
  change((d) => {
    const old = itemOf(d, kind, key);
    if (!old) return d;
    const { base: _, ...rest } = old;
    const next: DraftItem = { ...rest, ...(body ? { body } : {}), ...(base ? { base } : {}) };
    return { ...d, items: d.items.map((i) => (i === old ? next : i)) };
  });
}
