// Three-way merge of an object's body: what it was when one began (base), what somebody else has made of it
// meanwhile (theirs), and what the draft makes of it (mine). Field by field, and per member; pure.
import type { Body } from "./draft";
import { same } from "./model/common";

export type Side = "theirs" | "mine";
export type Pick = Side | "both";

/** One difference that somebody chooses about. */
export type Part = {
  /** Identifies it: soa.ttl, members{hz-1}.weight */
  id: string;
  /** Path in words; of is the entry of a list that it is in. */
  path: string[];
  of?: string;
  base: unknown;
  theirs: unknown;
  mine: unknown;
  /** Who changed it; conflict: both, differently, and it cannot be both. */
  by: "theirs" | "mine" | "both" | "conflict";
  /** What both changes together give, where they fit: of sets. */
  both?: unknown;
};

/** What is chosen without being asked: what only one changed is that one's, what fits is both; a conflict is mine, after being looked at. */
export function defaultPick(p: Part): Pick {
  return p.by === "theirs" ? "theirs" : p.by === "both" ? "both" : "mine";
}

export type Merge = {
  parts: Part[];
  /** Parts that need a decision. */
  conflicts: number;
  /** The body that follows from the choices. */
  resolve: (picks?: Record<string, Pick>) => Body;
};

/** Lists whose order says nothing. */
const sets = new Set(["lines", "cidrs", "vantages", "expect_status"]);

/** What an entry of a list is called by: a member's address or pool, a task's template and port. */
function keyOf(list: string, e: unknown): string | undefined {
  if (typeof e !== "object" || e === null) return undefined;
  const b = e as Body;
  if (list === "members" && typeof b.address === "string") return b.address;
  if (list === "pools" && typeof b.pool === "string") return b.pool;
  if (list === "tasks" && typeof b.template === "string") return b.port === undefined ? b.template : `${b.template}:${b.port}`;
  return undefined;
}

function keyed(list: string, v: unknown): Map<string, Body> | undefined {
  if (!Array.isArray(v)) return undefined;
  const out = new Map<string, Body>();
  for (const e of v) {
    const k = keyOf(list, e);
    if (k === undefined || out.has(k)) return undefined;
    out.set(k, e as Body);
  }
  return out;
}

const isBody = (v: unknown): v is Body => typeof v === "object" && v !== null && !Array.isArray(v);
const texts = (v: unknown): v is string[] => Array.isArray(v) && v.every((x) => typeof x === "string");

type Node = (picks: Record<string, Pick>) => unknown;

export function merge3(base: Body, theirs: Body, mine: Body): Merge {
  const parts: Part[] = [];
  const leaf = (part: Part): Node => {
    parts.push(part);
    return (picks) => {
      const p = picks[part.id] ?? defaultPick(part);
      if (p === "both" && part.by === "both") return part.both;
      return p === "theirs" ? part.theirs : part.mine;
    };
  };
  const walk = (path: string[], id: string, of: string | undefined, b: unknown, t: unknown, m: unknown): Node => {
    if (same(b, t) && same(b, m)) return () => m;
    if (same(t, m)) return () => m; // both did the same: nothing to choose
    const name = path.at(-1) ?? "";
    if (isBody(t) && isBody(m) && (b === undefined || isBody(b))) return fields(path, id, of, (b ?? {}) as Body, t, m);
    const [kb, kt, km] = [keyed(name, b ?? []), keyed(name, t ?? []), keyed(name, m ?? [])];
    if (Array.isArray(t) && Array.isArray(m) && kb && kt && km) return entries(path, id, kb, kt, km);
    const part = { id, path, ...(of === undefined ? {} : { of }), base: b, theirs: t, mine: m };
    if (same(b, m)) return leaf({ ...part, by: "theirs" });
    if (same(b, t)) return leaf({ ...part, by: "mine" });
    if (sets.has(name) && texts(t) && texts(m) && (b === undefined || texts(b))) {
      const was = (b ?? []) as string[];
      const both = [...new Set([...t, ...m])].filter((x) => !was.includes(x) || (t.includes(x) && m.includes(x)));
      return leaf({ ...part, by: "both", both });
    }
    return leaf({ ...part, by: "conflict" });
  };
  const fields = (path: string[], id: string, of: string | undefined, b: Body, t: Body, m: Body): Node => {
    const keys = [...new Set([...Object.keys(m), ...Object.keys(t), ...Object.keys(b)])];
    const nodes = keys.map((k) => [k, walk([...path, k], id ? `${id}.${k}` : k, of, b[k], t[k], m[k])] as const);
    return (picks) => {
      const out: Body = {};
      for (const [k, n] of nodes) {
        const v = n(picks);
        if (v !== undefined) out[k] = v;
      }
      return out;
    };
  };
  const entries = (path: string[], id: string, b: Map<string, Body>, t: Map<string, Body>, m: Map<string, Body>): Node => {
    // The order is of whoever changed it; where both did, the draft's.
    const order = (x: Map<string, Body>) => [...x.keys()].filter((k) => b.has(k)).join("\n");
    const kept = [...b.keys()];
    const moved = order(m) !== kept.filter((k) => m.has(k)).join("\n");
    const [first, second] = moved ? [m, t] : [t, m];
    const keys = [...new Set([...first.keys(), ...second.keys(), ...b.keys()])];
    const nodes = keys.map((k) => walk(path, `${id}{${k}}`, k, b.get(k), t.get(k), m.get(k)));
    return (picks) => nodes.map((n) => n(picks)).filter((v) => v !== undefined);
  };
  const root = fields([], "", undefined, base, theirs, mine);
  return { parts, conflicts: parts.filter((p) => p.by === "conflict").length, resolve: (picks = {}) => root(picks) as Body };
}
