// What the addresses of these pages hold. Anything else in them is left out.
type Raw = Record<string, unknown>;

const text = (v: unknown): string | undefined => (typeof v === "string" && v !== "" ? v : typeof v === "number" ? String(v) : undefined);
const one = <T extends string>(v: unknown, of: readonly T[]): T | undefined => of.find((x) => x === v);
const yes = (v: unknown): true | undefined => (v === true || v === 1 || v === "1" || v === "true" ? true : undefined);

function without<T extends object>(o: T): T {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T;
}

export const types = ["A", "AAAA", "CNAME"] as const;
export const policies = ["proximity", "sequential", "round_robin", "weighted"] as const;

export const healths = ["ok", "ok_alert", "exceptional", "unknown", "unmonitored", "disabled"] as const;

export type ListSearch = {
  health?: (typeof healths)[number] | undefined;
  q?: string | undefined;
  type?: (typeof types)[number] | undefined;
  policy?: (typeof policies)[number] | undefined;
  enabled?: "true" | "false" | undefined;
  sort?: string | undefined;
};

export function listSearch(s: Raw): ListSearch {
  return without({
    q: text(s.q),
    type: one(s.type, types),
    policy: one(s.policy, policies),
    health: one(s.health, healths),
    enabled: one(String(s.enabled), ["true", "false"] as const),
    sort: text(s.sort),
  });
}

export type CanvasSearch = {
  view?: "list" | undefined;
  /** Selected: id of a node. */
  sel?: string | undefined;
  /** Pools opened and closed by hand, with commas. */
  open?: string | undefined;
  shut?: string | undefined;
  failing?: true | undefined;
  /** Client of the explanation: an IP, a network, line:CODE, or any. Empty: none is asked for. */
  explain?: string | undefined;
  qtype?: string | undefined;
  /** Addresses taken as failed, with commas. */
  down?: string | undefined;
  /** Explain with the draft applied. */
  draft?: true | undefined;
};

export function canvasSearch(s: Raw): CanvasSearch {
  return without({
    view: one(s.view, ["list"] as const),
    sel: text(s.sel),
    open: text(s.open),
    shut: text(s.shut),
    failing: yes(s.failing),
    explain: text(s.explain),
    qtype: text(s.qtype),
    down: text(s.down),
    draft: yes(s.draft),
  });
}

export const list = (v: string | undefined): string[] => (v ? v.split(",").filter(Boolean) : []);
export const joined = (v: Iterable<string>): string | undefined => [...v].join(",") || undefined;
