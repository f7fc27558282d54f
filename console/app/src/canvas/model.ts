// Turns what the API says of an access domain, with the draft laid over it, into the nodes and
// edges of the canvas. Pure: the same input gives the same picture. It decides nothing about answers: who is
// answered what, what can never be reached and how well a part is, all come from the API.
import type { State } from "@/components/State";
import type { Body, Draft, DraftItem, Kind } from "@/edit/draft";
import type {
  Address,
  Canvas,
  CanvasEdge,
  CanvasNode,
  Domain,
  DomainGraph,
  GraphLink,
  Mark,
  Owner,
  Pool,
  PoolGraph,
  Rule,
  Said,
  Task,
  TaskHealth,
  View,
} from "./types";

/** Pools with more members than this are drawn as one line until opened: a screen holds about twenty. */
export const collapseAbove = 20;
// Beyond this many addresses in all, a picture opens as an overview: only small pools are not folded.
const overviewAbove = 300;
const smallPool = 5;

export const nodeId = {
  domain: (key: string) => `domain:${key}`,
  line: (code: string) => `line:${code}`,
  pool: (name: string) => `pool:${name}`,
  address: (name: string) => `address:${name}`,
  task: (address: string, t: { template: string; port?: number | undefined }) => `task:${address}|${t.template}|${t.port ?? ""}`,
  more: (pool: string) => `more:${pool}`,
  last: "last:",
};

/** Objects beside the picture of the domain: what the draft brings in from elsewhere. */
export type Extras = { pools: PoolGraph[]; addresses: Address[] };
export const noExtras: Extras = { pools: [], addresses: [] };

type PoolInfo = DomainGraph["pools"][number];
type AddressInfo = DomainGraph["addresses"][number];
type Health = { health: string; override?: { action: string } | undefined };

/** One word for how well a part is, the strongest first: taken out, held by hand, off, then by health. */
export function stateOf(
  h: Health | undefined,
  o: { enabled?: boolean; mode?: string } | undefined,
  tasks: TaskHealth[] = [],
): State | "unwatched" {
  if (h?.override?.action === "drain") return "withdrawn";
  if (o?.enabled === false || h?.health === "disabled") return "disabled";
  // Pools and domains have modes too, of their sequential policy: only an address is held by hand.
  if (h?.override || o?.mode?.startsWith("manual")) return "manual";
  if (!h) return "unknown";
  if (h.health === "unmonitored") return "unwatched";
  if (tasks.length > 0 && tasks.every((t) => t.stale)) return "stale";
  return ({ ok: "ok", ok_alert: "degraded", exceptional: "down" } as Record<string, State>)[h.health] ?? "unknown";
}

export function taskState(t: { enabled: boolean; counts?: boolean; health?: TaskHealth | undefined }): State | "unwatched" {
  if (!t.enabled || t.counts === false) return "disabled";
  if (!t.health) return "unknown";
  if (t.health.state === "unknown") return "unknown";
  if (t.health.stale) return "stale";
  return t.health.state === "down" ? "down" : t.health.failed > 0 ? "degraded" : "ok";
}

const bad = new Set<string>(["down", "degraded", "withdrawn", "stale"]);

/** What "show only failing" keeps. */
export function failing(n: { state: string }): boolean {
  return bad.has(n.state);
}

type Member = { to: string; serial: number; weight: number; lines: string[]; enabled: boolean };

/** The members that a document has, with the API's defaults where the draft leaves them out. */
export function membersOf(kind: "access_domain" | "pool", body: Body | undefined): Member[] {
  const list = (kind === "access_domain" ? body?.pools : body?.members) as Record<string, unknown>[] | undefined;
  return (list ?? []).map((m, i) => {
    const lines = m.lines as string[] | undefined;
    return {
      to: String((kind === "access_domain" ? m.pool : m.address) ?? ""),
      serial: (m.serial as number | undefined) ?? i + 1,
      weight: (m.weight as number | undefined) ?? 1,
      lines: lines?.length ? lines : ["default"],
      enabled: m.enabled !== false,
    };
  });
}

type Link = Member & { order: number; share?: number | undefined; mark?: Mark | undefined; server?: GraphLink | undefined };

const sameLink = (a: Member, b: Member) =>
  a.serial === b.serial && a.weight === b.weight && a.enabled === b.enabled && a.lines.join() === b.lines.join();

/** The links of an owner: as the draft has them, in their order, and behind them those that it takes away. */
export function linksOf(
  kind: "access_domain" | "pool",
  body: Body,
  before: Body | undefined,
  server: GraphLink[],
  available: (to: string) => boolean,
): Link[] {
  const now = membersOf(kind, body);
  const was = new Map(membersOf(kind, before).map((m) => [m.to, m]));
  const facts = new Map(server.map((l) => [l.to, l]));
  const edited = before !== body;
  const order = now.map((m, i) => [m, i] as const).sort(([a, i], [b, j]) => a.serial - b.serial || i - j);
  const policy = body.policy as Rule["policy"];
  const shared = policy === "weighted" || policy === "round_robin";
  const part = (m: Member) => (m.enabled && available(m.to) ? (policy === "weighted" ? m.weight : 1) : 0);
  const sum = now.reduce((n, m) => n + part(m), 0);
  const links = order.map(([m], i): Link => {
    const old = was.get(m.to);
    const fact = facts.get(m.to);
    const share = edited ? (shared ? (sum > 0 ? part(m) / sum : 0) : undefined) : fact?.share;
    return { ...m, order: i + 1, share, server: fact, mark: !edited ? undefined : !old ? "new" : sameLink(m, old) ? undefined : "changed" };
  });
  const kept = new Set(now.map((m) => m.to));
  for (const m of was.values())
    if (!kept.has(m.to)) links.push({ ...m, order: links.length + 1, mark: "removed", server: facts.get(m.to) });
  return links;
}

type Drawn<T> = { body: T; before: T | undefined; mark: Mark | undefined };

/** Lays the draft over the objects of a picture. */
class Overlay {
  private items = new Map<string, DraftItem>();
  constructor(draft: Draft) {
    for (const i of draft.items) this.items.set(`${i.kind} ${i.key}`, i);
  }
  item(kind: Kind, key: string): DraftItem | undefined {
    return this.items.get(`${kind} ${key}`);
  }
  of<T extends object>(kind: Kind, key: string, server: T | undefined): Drawn<T> | undefined {
    const item = this.item(kind, key);
    if (!item) return server && { body: server, before: server, mark: undefined };
    if (item.op === "delete") {
      const body = server ?? (item.base?.body as T | undefined);
      return body && { body, before: body, mark: "removed" };
    }
    const before = server ?? (item.base?.body as T | undefined);
    return { body: item.body as T, before, mark: before ? "changed" : "new" };
  }
}

/** Pools and addresses that the draft links to and the picture does not know. */
export function missing(
  graph: DomainGraph | undefined,
  draft: Draft,
  key: string,
  extras: Extras,
): { pools: string[]; addresses: string[] } {
  const over = new Overlay(draft);
  const domain = over.of<Domain>("access_domain", key, graph?.domain.object);
  const pools = new Map<string, Pool>();
  for (const p of graph?.pools ?? []) pools.set(p.name, p.object);
  for (const p of extras.pools) pools.set(p.pool.name, p.pool.object);
  const addresses = new Set<string>(extras.addresses.map((a) => a.name));
  for (const a of graph?.addresses ?? []) addresses.add(a.name);
  for (const p of extras.pools) for (const a of p.addresses) addresses.add(a.name);
  const out = { pools: new Set<string>(), addresses: new Set<string>() };
  for (const m of membersOf("access_domain", domain?.body)) {
    const pool = over.of<Pool>("pool", m.to, pools.get(m.to));
    if (!pool) {
      out.pools.add(m.to);
      continue;
    }
    for (const a of membersOf("pool", pool.body as Body))
      if (!addresses.has(a.to) && over.item("address", a.to)?.op !== "put") out.addresses.add(a.to);
  }
  return { pools: [...out.pools], addresses: [...out.addresses] };
}

const latest = (tasks: TaskHealth[], state?: string) =>
  tasks
    .filter((t) => !state || t.state === state)
    .map((t) => t.since)
    .sort()
    .at(-1);

class Builder {
  nodes: CanvasNode[] = [];
  edges: CanvasEdge[] = [];
  byId = new Map<string, CanvasNode>();
  children = new Map<string, string[]>();
  parents = new Map<string, string[]>();
  private joined = new Set<string>();

  add(n: CanvasNode): CanvasNode {
    const old = this.byId.get(n.id);
    if (old) return old;
    this.nodes.push(n);
    this.byId.set(n.id, n);
    return n;
  }

  join(e: CanvasEdge): void {
    if (this.joined.has(e.id)) return;
    this.joined.add(e.id);
    this.edges.push(e);
    if (e.kind === "detour") return;
    const push = (m: Map<string, string[]>, k: string, v: string) => {
      const list = m.get(k);
      if (!list) m.set(k, [v]);
      else if (!list.includes(v)) list.push(v);
    };
    push(this.children, e.from, e.to);
    push(this.parents, e.to, e.from);
  }
}

/** The picture of an access domain, or undefined when neither the server nor the draft knows it. */
export function draw(key: string, graph: DomainGraph | undefined, draft: Draft, view: View, extras: Extras = noExtras): Canvas | undefined {
  const over = new Overlay(draft);
  const domain = over.of<Domain>("access_domain", key, graph?.domain.object);
  if (!domain) return undefined;
  const pools = new Map<string, PoolInfo>();
  const addresses = new Map<string, AddressInfo>();
  for (const g of [...extras.pools].reverse()) {
    pools.set(g.pool.name, g.pool);
    for (const a of g.addresses) addresses.set(a.name, a);
  }
  for (const p of graph?.pools ?? []) pools.set(p.name, p);
  for (const a of graph?.addresses ?? []) addresses.set(a.name, a);
  const documents = new Map<string, Address>(extras.addresses.map((a) => [a.name, a]));

  const b = new Builder();
  const d = domain.body;
  const root = b.add({
    kind: "domain",
    id: nodeId.domain(key),
    name: d.name,
    type: d.type,
    policy: d.policy,
    ...(d.order ? { order: d.order } : {}),
    ...(d.mode ? { mode: d.mode } : {}),
    ttl: d.ttl,
    answered: graph?.domain.answered ?? false,
    state: graph ? stateOf(graph.domain, d) : "unknown",
    said: graph?.domain.state,
    mark: domain.mark,
    now: graph?.domain.answered ?? false,
    reachable: true,
    usedBy: graph?.domain.used_by_counts.access_domain ?? 0,
    object: { kind: "access_domain", key },
  });

  const owner: Owner = { kind: "access_domain", key };
  const links = linksOf(
    "access_domain",
    d as unknown as Body,
    domain.before as unknown as Body | undefined,
    graph?.domain.links ?? [],
    (p) => over.of<Pool>("pool", p, pools.get(p)?.object)?.body.enabled !== false && (pools.get(p)?.available ?? true),
  );
  const byLine = d.policy === "proximity";

  lines(b, root, links, byLine, graph);

  const all = links.reduce(
    (n, l) => n + membersOf("pool", over.of<Pool>("pool", l.to, pools.get(l.to)?.object)?.body as Body | undefined).length,
    0,
  );
  const limit = all > overviewAbove ? smallPool : collapseAbove;
  const seen = new Set<string>();
  for (const l of links) {
    const rule: Rule = {
      policy: d.policy,
      distance: byLine && d.order === "distance",
      order: l.order,
      weight: l.weight,
      share: l.share,
      lines: byLine ? l.lines : [],
    };
    for (const code of byLine ? l.lines : ["default"]) {
      const at = l.server?.line_reach?.find((r) => r.line === code);
      b.join({
        id: `${nodeId.line(code)}>${nodeId.pool(l.to)}`,
        from: nodeId.line(code),
        to: nodeId.pool(l.to),
        kind: "config",
        owner,
        member: l.to,
        rule,
        enabled: l.enabled,
        mark: domain.mark === "removed" ? "removed" : domain.mark === "new" ? "new" : l.mark,
        now: l.mark !== "new" && (byLine ? (l.server?.taken_for.includes(code) ?? false) : (l.server?.taken_for.length ?? 0) > 0),
        reachable: at?.reachable ?? l.server?.reachable ?? true,
        because: at?.unreachable_because ?? l.server?.unreachable_because,
      });
    }
    if (!seen.has(l.to)) {
      seen.add(l.to);
      pool(b, l, pools.get(l.to), over, addresses, documents, view, limit);
    }
  }
  if (graph) {
    detours(b, graph, byLine);
    lastResort(b, root, graph, d);
  }
  grey(b);
  return b;
}

function lines(b: Builder, root: CanvasNode, links: Link[], byLine: boolean, graph: DomainGraph | undefined): void {
  const known = new Map((graph?.lines ?? []).map((l) => [l.line, l]));
  const used = byLine ? [...known.keys(), ...links.flatMap((l) => l.lines)] : ["default"];
  const codes = [...new Set(used)].filter((c) => c !== "default");
  for (const code of [...codes, "default"]) {
    const l = known.get(code);
    b.add({
      kind: "line",
      id: nodeId.line(code),
      name: code,
      code,
      ...(l ? { names: { en: l.name_en, zh: l.name_zh } } : {}),
      all: code === "default" && codes.length === 0,
      custom: l?.custom ?? false,
      outcome: l?.outcome,
      queries: l?.queries,
      state: lineState(l?.outcome),
      said: l?.outcome.reason_said,
      mark: graph && !l ? "new" : undefined,
      now: (l?.outcome.pools?.length ?? 0) > 0,
      reachable: true,
      usedBy: 0,
      ...(l?.custom ? { object: { kind: "line" as const, key: code } } : {}),
    });
    b.join({
      id: `${root.id}>${nodeId.line(code)}`,
      from: root.id,
      to: nodeId.line(code),
      kind: "plain",
      enabled: true,
      now: (l?.outcome.pools?.length ?? 0) > 0,
      reachable: true,
    });
  }
}

function lineState(o: DomainGraph["lines"][number]["outcome"] | undefined): State | "unwatched" {
  if (!o) return "unknown";
  return o.basis === "policy" ? "ok" : o.basis === "nodata" || o.basis === "last_resort" ? "down" : "degraded";
}

function pool(
  b: Builder,
  l: Link,
  info: PoolInfo | undefined,
  over: Overlay,
  addresses: Map<string, AddressInfo>,
  documents: Map<string, Address>,
  view: View,
  limit: number,
): void {
  const it = over.of<Pool>("pool", l.to, info?.object);
  const id = nodeId.pool(l.to);
  const links = it
    ? linksOf(
        "pool",
        it.body as unknown as Body,
        it.before as unknown as Body | undefined,
        info?.links ?? [],
        (a) => over.of<Address>("address", a, addresses.get(a)?.object)?.body.enabled !== false && (addresses.get(a)?.available ?? true),
      )
    : [];
  const collapsed = links.length > 0 && (view.shut.has(l.to) || (links.length > limit && !view.open.has(l.to)));
  const p = it?.body;
  b.add({
    kind: "pool",
    id,
    name: l.to,
    policy: p?.policy ?? "round_robin",
    type: p?.type ?? "",
    ok: info?.ok ?? 0,
    total: info?.total ?? links.length,
    needs: info?.needs ?? 0,
    members: links.length,
    collapsed,
    current: info?.current,
    state: stateOf(info, p),
    said: info?.state,
    mark: it?.mark,
    now: (l.server?.taken_for.length ?? 0) > 0 && l.mark !== "new",
    reachable: true,
    usedBy: info?.used_by_counts.access_domain ?? 0,
    object: { kind: "pool", key: l.to },
  });
  let hidden = 0;
  let failed = 0;
  for (const m of links) {
    const a = addresses.get(m.to);
    const doc = over.of<Address>("address", m.to, a?.object ?? documents.get(m.to));
    const tasks = (a?.tasks ?? []).map((t) => t.health).filter((h) => h !== undefined);
    const state = stateOf(a, doc?.body, tasks);
    const wrong = failing({ state });
    const edited = m.mark !== undefined || doc?.mark !== undefined; // what the draft touches is always shown
    if (!edited && ((view.failing && !wrong) || (collapsed && !(view.failing && wrong)))) {
      hidden++;
      if (wrong) failed++;
      continue;
    }
    address(b, m, a, doc, state, tasks);
    b.join({
      id: `${id}>${nodeId.address(m.to)}`,
      from: id,
      to: nodeId.address(m.to),
      kind: "config",
      owner: { kind: "pool", key: l.to },
      member: m.to,
      rule: {
        policy: p?.policy ?? "round_robin",
        distance: p?.policy === "proximity" && p.order === "distance",
        order: m.order,
        weight: m.weight,
        share: m.share,
        lines: p?.policy === "proximity" ? m.lines : [],
      },
      enabled: m.enabled,
      mark: it?.mark === "removed" ? "removed" : it?.mark === "new" ? "new" : m.mark,
      now: m.mark !== "new" && (m.server?.taken_for.length ?? 0) > 0,
      reachable: m.server?.reachable ?? true,
      because: m.server?.unreachable_because,
    });
  }
  if (hidden === 0) return;
  const more = nodeId.more(l.to);
  b.add({
    kind: "more",
    id: more,
    name: l.to,
    pool: l.to,
    count: hidden,
    failing: failed,
    waiting: links.length - hidden,
    state: failed === hidden ? "down" : failed > 0 ? "degraded" : "ok",
    now: links.some((m) => (m.server?.taken_for.length ?? 0) > 0 && !b.byId.has(nodeId.address(m.to))),
    reachable: true,
    usedBy: 0,
  });
  b.join({ id: `${id}>${more}`, from: id, to: more, kind: "plain", enabled: true, now: false, reachable: true });
}

function address(
  b: Builder,
  m: Link,
  info: AddressInfo | undefined,
  doc: Drawn<Address> | undefined,
  state: State | "unwatched",
  tasks: TaskHealth[],
): void {
  const id = nodeId.address(m.to);
  const taken = (m.server?.taken_for.length ?? 0) > 0 && m.mark !== "new";
  const old = b.byId.get(id);
  if (old) {
    old.now ||= taken;
    return;
  }
  b.add({
    kind: "address",
    id,
    name: m.to,
    value: doc?.body.address ?? "",
    ok: info?.ok ?? 0,
    total: info?.total ?? 0,
    needs: info?.needs ?? 0,
    state,
    said: info?.state,
    since: latest(tasks, state === "down" ? "down" : undefined),
    mark: doc?.mark,
    now: taken,
    reachable: true,
    usedBy: info?.used_by_counts.pool ?? 0,
    object: { kind: "address", key: m.to },
  });
  const was = new Map((doc?.before?.tasks ?? []).map((t) => [taskKey(t), t]));
  const now = (doc?.body.tasks ?? []) as Partial<Task>[];
  const facts = new Map((info?.tasks ?? []).map((t, i) => [taskKey(doc?.before?.tasks?.[i] ?? t), t]));
  const all: [Partial<Task>, Mark | undefined][] = now.map((t) => {
    const before = was.get(taskKey(t));
    const edited = doc?.before !== doc?.body;
    return [
      t,
      doc?.mark === "removed"
        ? "removed"
        : !edited
          ? undefined
          : !before
            ? "new"
            : (before.enabled !== false) !== (t.enabled !== false)
              ? "changed"
              : undefined,
    ];
  });
  const kept = new Set(now.map(taskKey));
  for (const t of was.values()) if (!kept.has(taskKey(t))) all.push([t, "removed"]);
  for (const [t, mark] of all) {
    const fact = facts.get(taskKey(t));
    const key = { template: t.template ?? "", port: fact?.port ?? t.port };
    const tid = nodeId.task(m.to, key);
    const enabled = t.enabled !== false;
    b.add({
      kind: "task",
      id: tid,
      name: key.template,
      template: key.template,
      port: key.port,
      address: m.to,
      enabled,
      health: fact?.health,
      state: taskState({ enabled, ...(fact ? { counts: fact.counts, health: fact.health } : {}) }),
      since: fact?.health?.since,
      mark,
      now: false,
      reachable: true,
      usedBy: 0,
      object: { kind: "template", key: key.template },
    });
    b.join({ id: `${id}>${tid}`, from: id, to: tid, kind: "plain", enabled, mark, now: false, reachable: true });
  }
}

export function taskKey(t: { template?: string; port?: number | undefined }): string {
  return `${t.template ?? ""}:${t.port ?? ""}`;
}

/** Where clients of a line go now, where no rule of theirs leads: a line above it, or the fallback. */
function detours(b: Builder, graph: DomainGraph, byLine: boolean): void {
  if (!byLine) return;
  for (const l of graph.lines) {
    if (l.outcome.basis === "last_resort") continue; // drawn as the branch of the last resort
    for (const p of l.outcome.pools ?? []) {
      const id = `${nodeId.line(l.line)}>${nodeId.pool(p.pool)}`;
      if (b.edges.some((e) => e.id === id) || !b.byId.has(nodeId.pool(p.pool))) continue;
      b.join({
        id: `now:${id}`,
        from: nodeId.line(l.line),
        to: nodeId.pool(p.pool),
        kind: "detour",
        enabled: true,
        now: true,
        reachable: true,
        because: l.outcome.reason_said,
      });
    }
  }
}

function lastResort(b: Builder, root: CanvasNode, graph: DomainGraph, d: Domain): void {
  const r = graph.last_resort;
  const to = new Set(r.answers.flatMap((a) => (a.outcome.pools ?? []).map((p) => p.pool)));
  b.add({
    kind: "last",
    id: nodeId.last,
    name: "",
    active: r.active,
    possible: r.possible,
    empty: to.size === 0,
    state: r.active ? "down" : "ok",
    said: r.answers[0]?.outcome.reason_said,
    now: r.active,
    reachable: r.possible,
    usedBy: 0,
    object: { kind: "access_domain", key: `${d.name}/${d.type}` },
  });
  b.join({
    id: `${root.id}>${nodeId.last}`,
    from: root.id,
    to: nodeId.last,
    kind: "last",
    enabled: true,
    now: r.active,
    reachable: r.possible,
  });
  for (const name of to) {
    if (!b.byId.has(nodeId.pool(name))) continue;
    b.join({
      id: `${nodeId.last}>${nodeId.pool(name)}`,
      from: nodeId.last,
      to: nodeId.pool(name),
      kind: "last",
      enabled: true,
      now: r.active,
      reachable: r.possible,
    });
  }
}

/** A part that no reachable way leads to is greyed, with the reason of its first way. The last resort is a way. */
function grey(b: Builder): void {
  const into = new Map<string, CanvasEdge[]>();
  for (const e of b.edges) into.set(e.to, [...(into.get(e.to) ?? []), e]);
  for (const n of b.nodes) {
    const ways = (into.get(n.id) ?? []).filter((e) => e.kind !== "detour");
    if (n.kind === "domain" || n.kind === "line" || n.kind === "last" || ways.length === 0) continue;
    const open = ways.some((e) => e.reachable && (b.byId.get(e.from)?.reachable ?? true));
    if (open || n.now) continue;
    n.reachable = false;
    n.because = ways.find((e) => e.because)?.because ?? b.byId.get(ways[0]?.from ?? "")?.because;
  }
}

/** What a domain's picture says of an answer to a client: the path to light up and the reason on every part left. */
export type Lit = { on: Set<string>; edges: Set<string>; why: Map<string, Said | string>; down: Set<string> };
