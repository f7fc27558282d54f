// What the form models share. A model turns the body of an object, as the API takes it, into what
// a form edits, and back. Nothing is lost on the way: fields that a form does not know stay in
// rest, so a console may be older than the server that it talks to.
import type { Body, Kind } from "../draft";

/** What a number field holds: nothing yet, or a number. */
export type Num = number | "";

/** Parts of a read object that are not written. The serial of a zone and the map in the settings are the server's too. */
const readOnly = ["serial", "geo_map", "id", "version", "revision", "set", "created_at", "updated_at", "used_by", "warnings", "override"];

/** The body of an object as it is written: what was read without what only the server says. */
export function bare(o: object): Body {
  return Object.fromEntries(Object.entries(o).filter(([k]) => !readOnly.includes(k) && k !== "$schema"));
}

export type MetaForm = {
  enabled: boolean;
  /** key=value */
  labels: string[];
  remark: string;
};

export type Model<F> = {
  kind: Kind;
  /** A new object with the API's defaults. */
  blank(): F;
  fromBody(b: Body): F;
  toBody(f: F): Body;
  /** Key under which the object stands; empty as long as it has no name. */
  keyOf(f: F): string;
  /** What is missing or no number, by field: keys of words. Everything else the API judges. */
  missing(f: F): Record<string, Missing>;
};

export type Missing = "needed" | "number" | "duration" | "label";

export const text = (v: unknown): string => (typeof v === "string" ? v : "");
export const num = (v: unknown): Num => (typeof v === "number" ? v : "");
export const list = (v: unknown): string[] => (Array.isArray(v) ? v.filter((x): x is string => typeof x === "string") : []);
export const record = (v: unknown): Body => (typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Body) : {});

/** What of b a form does not know. */
export function restOf(b: Body, known: readonly string[]): Body {
  return Object.fromEntries(Object.entries(b).filter(([k]) => !known.includes(k)));
}

export const metaFields = ["enabled", "labels", "remark"] as const;

export function metaFrom(b: Body): MetaForm {
  return {
    enabled: b.enabled !== false,
    labels: Object.entries(record(b.labels)).map(([k, v]) => `${k}=${v}`),
    remark: text(b.remark),
  };
}

export function metaTo(f: MetaForm): Body {
  const labels = labelsTo(f.labels);
  return {
    enabled: f.enabled,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(f.remark ? { remark: f.remark } : {}),
  };
}

export function labelsTo(l: string[]): Record<string, string> {
  return Object.fromEntries(
    l.map((x) => {
      const at = x.indexOf("=");
      return at < 0 ? [x, ""] : [x.slice(0, at), x.slice(at + 1)];
    }),
  );
}

export function missingMeta(f: MetaForm): Record<string, Missing> {
  return f.labels.every((x) => x.indexOf("=") > 0) ? {} : { labels: "label" };
}

/** Leaves out what is empty, so that the API's default holds. */
export function given(o: Body): Body {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== "" && v !== undefined && v !== null));
}

/** Whether two bodies say the same, whatever the order of their fields. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [x, y] = [a as Body, b as Body];
  const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
  for (const k of keys) if (!same(x[k], y[k])) return false;
  return true;
}
