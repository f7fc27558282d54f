// What an explanation lights up on the canvas: the path of the answer, and on every part that was
// considered the reason why it was taken or left. Pure.
import { nodeId } from "@/canvas/model";
import type { Canvas, Said } from "@/canvas/types";
import type { Considered, Explanation, Step } from "./question";

export type Light = {
  nodes: Set<string>;
  edges: Set<string>;
  /** Ways that no edge of the picture shows: from, to. */
  ways: [string, string][];
  why: Map<string, Said | string>;
};

/** The step that is about an access domain, NAME/TYPE. */
export function stepOf(x: Explanation, key: string): Step | undefined {
  return x.steps?.find((s) => s.access_domain === key);
}

const reason = (c: Considered): Said | string => c.why_said ?? c.why;

export function lightOf(x: Explanation, key: string, picture: Canvas): Light | undefined {
  const step = stepOf(x, key);
  if (!step) return undefined;
  const out: Light = { nodes: new Set(), edges: new Set(), ways: [], why: new Map() };
  const root = nodeId.domain(key);
  out.nodes.add(root);
  const edge = (from: string, to: string) => {
    for (const id of [`${from}>${to}`, `now:${from}>${to}`]) {
      if (picture.edges.some((e) => e.id === id)) {
        out.edges.add(id);
        return;
      }
    }
    if (picture.byId.has(from) && picture.byId.has(to)) out.ways.push([from, to]);
  };

  const lines = new Set((x.client.lines ?? []).map((l) => l.code));
  const drawn = (code: string | undefined) => (code && picture.byId.has(nodeId.line(code)) ? nodeId.line(code) : undefined);
  const via =
    step.basis === "last_resort"
      ? nodeId.last
      : (drawn(step.line) ?? [...lines].map(drawn).find((id) => id !== undefined) ?? drawn("default") ?? root);
  out.nodes.add(via);
  if (via !== root) edge(root, via);
  for (const l of picture.nodes)
    if (l.kind === "line" && l.id !== via && !l.all)
      out.why.set(l.id, lines.has(l.code) || l.code === "default" ? "in_line" : "not_in_line");

  for (const p of step.pools ?? []) {
    const pool = nodeId.pool(p.name);
    out.why.set(pool, reason(p));
    if (p.taken) {
      out.nodes.add(pool);
      edge(via, pool);
    }
    for (const a of p.addresses ?? []) {
      const id = nodeId.address(a.name);
      const hidden = !picture.byId.has(id);
      const taken = p.taken && a.taken;
      if (!taken) {
        // An address of two pools may be taken by one of them.
        if (!hidden && !out.nodes.has(id)) out.why.set(id, reason(a));
        continue;
      }
      const to = hidden ? nodeId.more(p.name) : id;
      out.nodes.add(to);
      out.why.delete(id);
      edge(pool, to);
    }
  }
  return out;
}
