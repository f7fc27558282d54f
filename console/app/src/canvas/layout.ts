// Places the parts of a picture, left to right: domain, lines, pools, addresses, health tasks.
// dagre orders lines and pools so that few edges cross. Addresses of one pool alone stand
// below each other in the order of the pool, as one block, so dagre sees tens of boxes where there are
// a thousand nodes. Only what there is decides, never how well it is: health moves nothing.
import dagre from "@dagrejs/dagre";
import type { Canvas, CanvasNode, NodeKind } from "./types";

export type Box = { x: number; y: number; width: number; height: number };

/** Sizes are fixed, so nothing is measured and no change of words moves anything. */
export const size: Record<NodeKind, { width: number; height: number }> = {
  domain: { width: 224, height: 104 },
  line: { width: 216, height: 58 },
  last: { width: 216, height: 58 },
  pool: { width: 224, height: 76 },
  address: { width: 224, height: 74 },
  more: { width: 224, height: 58 },
  task: { width: 196, height: 44 },
};
const gapX = 96; // room for the rule on an edge
const gapTask = 40;
const gapY = 12;

/** What the places follow from; equal shapes have equal layouts. */
export function shapeOf(c: Canvas): string {
  return `${c.nodes.map((n) => n.id).join(" ")}\n${c.edges.flatMap((e) => (e.kind === "detour" ? [] : [e.id])).join(" ")}`;
}

export function layout(c: Canvas): Map<string, Box> {
  const out = new Map<string, Box>();
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: "LR", nodesep: 20, ranksep: gapX });
  g.setDefaultEdgeLabel(() => ({}));
  const isLeaf = (n: CanvasNode) => n.kind === "address" || n.kind === "more";
  const tasks = (id: string) => (c.children.get(id) ?? []).length;
  const tall = (n: CanvasNode) => Math.max(size[n.kind].height, tasks(n.id) * (size.task.height + 6) - 6);
  const wide = size.address.width + gapTask + size.task.width;

  // Blocks: addresses with one parent hang together below it, in its order.
  const blocks = new Map<string, string[]>();
  for (const n of c.nodes) {
    if (!isLeaf(n)) continue;
    const parents = c.parents.get(n.id) ?? [];
    const block = parents.length === 1 ? `block ${parents[0]}` : `block ${n.id}`;
    blocks.set(block, [...(blocks.get(block) ?? []), n.id]);
  }
  for (const n of c.nodes) if (!isLeaf(n) && n.kind !== "task") g.setNode(n.id, { ...size[n.kind] });
  const blockOf = new Map<string, string>();
  for (const [block, ids] of blocks) {
    const height = ids.reduce((h, id) => h + tall(c.byId.get(id) as CanvasNode) + gapY, -gapY);
    g.setNode(block, { width: wide, height });
    for (const id of ids) blockOf.set(id, block);
  }
  for (const e of c.edges) {
    if (e.kind === "detour" || c.byId.get(e.to)?.kind === "task") continue;
    // The last resort points across everything: it must not pull pools away from their lines.
    g.setEdge(e.from, blockOf.get(e.to) ?? e.to, { weight: e.kind === "last" ? 0 : 2 });
  }
  dagre.layout(g);

  turn(c, g);

  // dagre centres a column; here all begin at its left edge.
  const left = columns();
  for (const n of c.nodes) {
    if (isLeaf(n) || n.kind === "task") continue;
    const at = g.node(n.id);
    out.set(n.id, { x: left[n.kind], y: at.y - size[n.kind].height / 2, ...size[n.kind] });
  }
  for (const [block, ids] of blocks) {
    const at = g.node(block);
    let y = at.y - at.height / 2;
    for (const id of ids) {
      const n = c.byId.get(id) as CanvasNode;
      const h = tall(n);
      out.set(id, { x: left[n.kind], y: y + (h - size[n.kind].height) / 2, ...size[n.kind] });
      let ty = y + (h - (tasks(id) * (size.task.height + 6) - 6)) / 2;
      for (const t of c.children.get(id) ?? []) {
        out.set(t, { x: left.task, y: ty, ...size.task });
        ty += size.task.height + 6;
      }
      y += h + gapY;
    }
  }
  return out;
}

/** dagre may well put the first line below: then the picture is turned over. */
function turn(c: Canvas, g: { node(id: string): { y: number }; nodes(): string[] }): void {
  for (const kind of ["line", "pool"] as const) {
    const ys = c.nodes.filter((n) => n.kind === kind).map((n) => g.node(n.id).y);
    let ascending = 0;
    for (let i = 1; i < ys.length; i++) ascending += Math.sign((ys[i] as number) - (ys[i - 1] as number));
    if (ascending > 0) return;
    if (ascending === 0) continue;
    for (const id of g.nodes()) g.node(id).y *= -1;
    return;
  }
}

function columns(): Record<NodeKind, number> {
  const line = size.domain.width + gapX / 2;
  const pool = line + size.line.width + gapX * 1.25;
  const address = pool + size.pool.width + gapX * 1.5;
  return { domain: 0, line, last: line, pool, address, more: address, task: address + size.address.width + gapTask };
}

/** The neighbour in a direction: parents left, children right, the same column up and down. */
export function neighbour(c: Canvas, places: Map<string, Box>, id: string, to: "left" | "right" | "up" | "down"): string | undefined {
  const at = places.get(id);
  if (!at) return undefined;
  const near = (ids: string[]) =>
    ids.filter((x) => places.has(x)).sort((a, b) => Math.abs((places.get(a)?.y ?? 0) - at.y) - Math.abs((places.get(b)?.y ?? 0) - at.y))[0];
  if (to === "left") return near(c.parents.get(id) ?? []);
  if (to === "right") return (c.children.get(id) ?? []).find((x) => places.has(x));
  const column = c.nodes
    .filter((n) => places.get(n.id)?.x === at.x)
    .sort((a, b) => (places.get(a.id)?.y ?? 0) - (places.get(b.id)?.y ?? 0))
    .map((n) => n.id);
  return column[column.indexOf(id) + (to === "up" ? -1 : 1)];
}
