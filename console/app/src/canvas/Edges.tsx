// All edges in one drawing behind the nodes: moving the canvas draws nothing anew.
import { ViewportPortal } from "@xyflow/react";
import { memo } from "react";
import type { Box } from "./layout";
import type { CanvasEdge } from "./types";

export type DrawnEdge = CanvasEdge & { label: string; lit?: boolean | undefined; selected: boolean; title: string };

export const Edges = memo(function Edges({
  edges,
  places,
  onSelect,
}: {
  edges: DrawnEdge[];
  places: Map<string, Box>;
  onSelect: (e: DrawnEdge) => void;
}) {
  // Several edges into one node end side by side, in the order in which they come.
  const into = new Map<string, DrawnEdge[]>();
  for (const e of edges) into.set(e.to, [...(into.get(e.to) ?? []), e]);
  const slot = new Map<string, number>();
  for (const [to, list] of into) {
    const box = places.get(to);
    if (!box) continue;
    const sorted = [...list].sort((a, b) => (places.get(a.from)?.y ?? 0) - (places.get(b.from)?.y ?? 0));
    sorted.forEach((e, i) => {
      slot.set(e.id, box.y + (box.height * (i + 1)) / (sorted.length + 1));
    });
  }
  const rank = (e: DrawnEdge) => (e.lit ? 3 : e.now ? 2 : e.reachable ? 1 : 0);
  const ordered = [...edges].sort((a, b) => rank(a) - rank(b));
  const labels: { id: string; x: number; y: number; text: string; off: boolean }[] = [];
  const drawing = (
    <svg className="cv-edges" aria-hidden="true">
      {ordered.map((e) => {
        const a = places.get(e.from);
        const b = places.get(e.to);
        if (!a || !b) return null;
        const [x1, y1, x2, y2] = [a.x + a.width, a.y + a.height / 2, b.x, slot.get(e.id) ?? b.y + b.height / 2];
        // Steep between the columns and flat before the target, where the rule stands.
        const flat = e.label ? Math.min(88, (x2 - x1) * 0.6) : 0;
        const bend = Math.max(24, (x2 - flat - x1) / 2);
        const d = `M${x1},${y1} C${x1 + bend},${y1} ${x2 - flat - bend},${y2} ${x2 - flat},${y2} L${x2},${y2}`;
        const off = !e.reachable || !e.enabled;
        if (e.label) labels.push({ id: e.id, x: x2, y: y2, text: e.label, off: off || e.lit === false });
        return (
          <g key={e.id}>
            <path
              className="cv-edge"
              d={d}
              data-kind={e.kind}
              data-now={e.now && e.lit === undefined}
              data-off={off}
              data-mark={e.mark}
              data-lit={e.lit}
              data-selected={e.selected}
            />
            {e.owner && (
              // biome-ignore lint/a11y/noStaticElementInteractions: keys reach a link by the menu of the node it leads to
              <path className="cv-hit" d={d} onClick={() => onSelect(e)}>
                <title>{e.title}</title>
              </path>
            )}
          </g>
        );
      })}
    </svg>
  );
  return (
    <ViewportPortal>
      {drawing}
      {labels.map((l) => (
        <span
          key={l.id}
          aria-hidden="true"
          className="cv-rule"
          data-off={l.off}
          style={{ transform: `translate(${l.x - 8}px, ${l.y - 1}px) translate(-100%, -100%)` }}
        >
          {l.text}
        </span>
      ))}
    </ViewportPortal>
  );
});
