// What the canvas is drawn from (the API's pictures of a domain and a pool) and what it is made of.
import type { Schemas } from "@/api/client";
import type { State } from "@/components/State";
import type { Kind } from "@/edit/draft";

export type DomainGraph = Schemas["DomainGraph"];
export type PoolGraph = Schemas["PoolGraph"];
export type GraphLink = Schemas["GraphLink"];
export type Outcome = Schemas["AnswerOutcome"];
export type Said = Schemas["Said"];
export type Domain = Schemas["AccessDomain"];
export type Pool = Schemas["Pool"];
export type Address = Schemas["Address"];
export type Task = Schemas["Task"];
export type TaskHealth = Schemas["TaskHealth"];

/** What the draft does to a part: makes it, changes it, takes it away. */
export type Mark = "new" | "changed" | "removed";

/** Where a link hangs: an access domain holds pools, a pool holds addresses. */
export type Owner = { kind: "access_domain" | "pool"; key: string };

/** The rule that an edge carries: what its owner's policy looks at. */
export type Rule = {
  policy: Domain["policy"];
  distance: boolean;
  /** Place among the members, from 1. */
  order: number;
  weight: number;
  /** Share of 1 by weight or turn; absent where health or place choose. */
  share?: number | undefined;
  /** For proximity. */
  lines: string[];
};

export type CanvasEdge = {
  id: string;
  from: string;
  to: string;
  /** config: as configured; detour: where the clients of a line go now though no rule of theirs says so; last: the last resort. */
  kind: "plain" | "config" | "detour" | "last";
  /** The link it draws; several edges may draw one. */
  owner?: Owner;
  member?: string;
  rule?: Rule;
  enabled: boolean;
  mark?: Mark | undefined;
  now: boolean;
  reachable: boolean;
  because?: Said | undefined;
};

type Base = {
  id: string;
  name: string;
  state: State | "unwatched";
  said?: Said | undefined;
  since?: string | undefined;
  mark?: Mark | undefined;
  now: boolean;
  reachable: boolean;
  because?: Said | undefined;
  usedBy: number;
  object?: { kind: Kind; key: string };
};

export type CanvasNode = Base &
  (
    | { kind: "domain"; type: string; policy: Domain["policy"]; ttl: number; order?: string; mode?: string; answered: boolean }
    | {
        kind: "line";
        code: string;
        names?: { en: string; zh: string };
        all: boolean;
        custom: boolean;
        outcome?: Outcome | undefined;
        queries?: number | undefined;
      }
    | { kind: "last"; active: boolean; possible: boolean; empty: boolean }
    | {
        kind: "pool";
        policy: Domain["policy"];
        type: string;
        ok: number;
        total: number;
        needs: number;
        members: number;
        collapsed: boolean;
        current?: string | undefined;
      }
    | { kind: "address"; value: string; ok: number; total: number; needs: number }
    | { kind: "task"; template: string; port?: number | undefined; address: string; health?: TaskHealth | undefined; enabled: boolean }
    | { kind: "more"; pool: string; count: number; failing: number; waiting: number }
  );

export type NodeKind = CanvasNode["kind"];

export type Canvas = {
  nodes: CanvasNode[];
  edges: CanvasEdge[];
  byId: Map<string, CanvasNode>;
  /** Down the tree, in order; a part that several lead to is a child of each. */
  children: Map<string, string[]>;
  parents: Map<string, string[]>;
};

export type View = {
  /** Pools opened or closed by hand; others by their size. */
  open: ReadonlySet<string>;
  shut: ReadonlySet<string>;
  failing: boolean;
};
