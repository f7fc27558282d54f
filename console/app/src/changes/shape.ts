// What an update changes, in rows that people read: lists of members by who came, went or
// changed, sets by what was added and taken away, everything else before and after.
import type { Schemas } from "@/api/client";

export type Row = {
  /** Path of the field, one word each; the words are translated where they are shown. */
  path: string[];
  /** Which entry of a list: a member's address or pool, a task's template and port. */
  of?: string;
  /** The record or member as a whole came or went. */
  op: "set" | "add" | "remove";
  before?: unknown;
  after?: unknown;
};

type Entry = Record<string, unknown>;

/** Fields that everything has and nobody needs to read when it is made or deleted. */
const plain: Record<string, unknown> = { enabled: true };

function entryKey(e: Entry): string | undefined {
  if (typeof e.address === "string") return e.address;
  if (typeof e.pool === "string") return e.pool;
  if (typeof e.template === "string") return e.port === undefined ? e.template : `${e.template}:${String(e.port)}`;
  return undefined;
}

const isEntry = (v: unknown): v is Entry => typeof v === "object" && v !== null && !Array.isArray(v);

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function nothing(v: unknown): boolean {
  return v === undefined || v === null || v === "" || (Array.isArray(v) && v.length === 0) || (isEntry(v) && Object.keys(v).length === 0);
}

function compare(path: string[], before: unknown, after: unknown): Row[] {
  if (same(before, after) || (nothing(before) && nothing(after))) return [];
  const [b, a] = [before ?? [], after ?? []];
  if (Array.isArray(b) && Array.isArray(a) && [...b, ...a].length > 0) {
    if ([...b, ...a].every((e) => isEntry(e) && entryKey(e) !== undefined)) {
      const was = new Map((b as Entry[]).map((e) => [entryKey(e) as string, e]));
      const is = new Map((a as Entry[]).map((e) => [entryKey(e) as string, e]));
      if (was.size === b.length && is.size === a.length) return entries(path, was, is);
    }
    if (Array.isArray(before) && Array.isArray(after) && [...b, ...a].every((e) => typeof e === "string")) {
      const gone = (b as string[]).filter((e) => !a.includes(e));
      const come = (a as string[]).filter((e) => !b.includes(e));
      if (gone.length > 0 !== come.length > 0 && gone.length + come.length > 0 && b.length > 0 && a.length > 0)
        return [
          ...gone.map((v) => ({ path, op: "remove" as const, before: v })),
          ...come.map((v) => ({ path, op: "add" as const, after: v })),
        ];
    }
  }
  if (isEntry(before ?? {}) && isEntry(after ?? {}) && !(nothing(before) && nothing(after))) {
    const [x, y] = [(before ?? {}) as Entry, (after ?? {}) as Entry];
    return [...new Set([...Object.keys(x), ...Object.keys(y)])].flatMap((k) => compare([...path, k], x[k], y[k]));
  }
  return [{ path, op: "set", before, after }];
}

function entries(path: string[], was: Map<string, Entry>, is: Map<string, Entry>): Row[] {
  const out: Row[] = [];
  for (const [k, e] of was) if (!is.has(k)) out.push({ path, of: k, op: "remove", before: e });
  for (const [k, e] of is) {
    const old = was.get(k);
    if (!old) out.push({ path, of: k, op: "add", after: e });
    else
      for (const f of new Set([...Object.keys(old), ...Object.keys(e)]))
        if (!same(old[f], e[f])) out.push({ path: [...path, f], of: k, op: "set", before: old[f], after: e[f] });
  }
  // Nothing came or went and no field changed: the order did.
  return out.length > 0 ? out : [{ path, op: "set", before: [...was.keys()], after: [...is.keys()] }];
}

/** The rows of a changed field. The API names the entries of members and pools by what they link to: members[hz-1].weight. */
function changed(f: Schemas["FieldChange"]): Row[] {
  const m = /^([^[\].]+)\[(.*)\]((?:\.[^.\]]+)*)$/.exec(f.field);
  if (!m) return compare(f.field.split("."), f.before, f.after);
  const [, list = "", of = "", rest = ""] = m;
  const path = [list, ...rest.split(".").filter(Boolean)];
  if (rest === "" && f.before === undefined) return [{ path, of, op: "add", after: f.after }];
  if (rest === "" && f.after === undefined) return [{ path, of, op: "remove", before: f.before }];
  return compare(path, f.before, f.after).map((r) => ({ ...r, of }));
}

/** The rows of a change. Of what was made or deleted, only fields that say something. */
export function rowsOf(c: Schemas["ObjectChange"]): Row[] {
  const fields = c.fields ?? [];
  if (c.action === "update") return fields.flatMap(changed);
  const side = (f: Schemas["FieldChange"]) => (c.action === "create" ? f.after : f.before);
  return fields
    .filter((f) => !nothing(side(f)) && !same(side(f), plain[f.field]) && !["name", "zone", "type"].includes(f.field))
    .map((f) => ({
      path: f.field.split("."),
      op: c.action === "create" ? ("add" as const) : ("remove" as const),
      before: f.before,
      after: f.after,
    }));
}

/** A value in a few words; entries of lists by their names. */
export function valueText(v: unknown, yes: string, no: string, none: string): string {
  if (nothing(v)) return none;
  if (typeof v === "boolean") return v ? yes : no;
  if (Array.isArray(v))
    return v.map((e) => (isEntry(e) ? (entryKey(e) ?? entryText(e, yes, no, none)) : valueText(e, yes, no, none))).join(", ");
  if (isEntry(v)) return entryText(v, yes, no, none);
  return String(v);
}

function entryText(e: Entry, yes: string, no: string, none: string): string {
  return Object.entries(e)
    .filter(([k, v]) => !nothing(v) && !same(v, plain[k]))
    .map(([k, v]) => `${k}=${valueText(v, yes, no, none)}`)
    .join(", ");
}

/** How many of each kind of change. */
export function tally(list: Schemas["ObjectChange"][]): { create: number; update: number; delete: number } {
  const n = { create: 0, update: 0, delete: 0 };
  for (const c of list) n[c.action]++;
  return n;
}
