// The canvas: a picture of an access domain that one can walk through with mouse and keys.
import "@xyflow/react/dist/base.css";
import { ActionIcon, Tooltip, useComputedColorScheme } from "@mantine/core";
import { IconFocusCentered, IconMaximize, IconMinus, IconPlus } from "@tabler/icons-react";
import { type AriaLabelConfig, MiniMap, Panel, ReactFlow, ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type DrawnEdge, Edges } from "./Edges";
import { stateLook } from "./icons";
import { type Box, layout, neighbour, shapeOf } from "./layout";
import { type FlowNode, type NodeData, Part } from "./Nodes";
import { alsoOf, lineName, ruleWords, saidOf } from "./say";
import type { CanvasEdge, CanvasNode, Canvas as Picture } from "./types";

const nodeTypes = { part: Part };

/** What an explanation lights up. */
export type Light = {
  nodes: ReadonlySet<string>;
  edges: ReadonlySet<string>;
  ways: readonly [string, string][];
  why: ReadonlyMap<string, string>;
};

export type Act = "open" | "edit" | "menu" | "add" | "remove" | "toggle" | "pretend";

type Props = {
  picture: Picture;
  selected?: string | undefined;
  light?: Light | undefined;
  pretend?: ReadonlySet<string> | undefined;
  /** Acts on a node; at is where a menu may open. */
  onAct: (act: Act, id: string, at: { x: number; y: number }) => void;
  onEdge: (e: CanvasEdge) => void;
  onEscape: () => void;
};

export function Canvas(p: Props) {
  return (
    <ReactFlowProvider>
      <Inner {...p} />
    </ReactFlowProvider>
  );
}

// Beyond this many nodes only those in sight are in the page; below it all are, so that Tab walks through them.
const allBelow = 320;
// Names are readable down to this zoom: a large picture opens at its domain rather than whole and too small.
const readable = 0.5;

function Inner({ picture, selected, light, pretend, onAct, onEdge, onEscape }: Props) {
  const { t } = useTranslation("canvas");
  const scheme = useComputedColorScheme();
  const flow = useReactFlow<FlowNode>();
  const box = useRef<HTMLDivElement>(null);

  const shape = shapeOf(picture);
  // biome-ignore lint/correctness/useExhaustiveDependencies: places follow from the shape alone
  const places = useMemo(() => layout(picture), [shape]);

  const lineNames = useMemo(() => {
    const m = new Map<string, string>();
    for (const n of picture.nodes) if (n.kind === "line") m.set(n.code, n.code === "default" ? t("default_line") : lineName(n));
    return (code: string) => m.get(code) ?? code;
  }, [picture, t]);

  const into = useMemo(() => {
    const m = new Map<string, CanvasEdge[]>();
    for (const e of picture.edges) m.set(e.to, [...(m.get(e.to) ?? []), e]);
    return m;
  }, [picture]);

  // A node keeps its object while nothing of it changes, so only what changes is drawn anew.
  const cache = useRef(new Map<string, { sig: string; node: FlowNode }>());
  const nodes = useMemo(() => {
    const next = new Map<string, { sig: string; node: FlowNode }>();
    const out: FlowNode[] = [];
    for (const n of picture.nodes) {
      const at = places.get(n.id);
      if (!at) continue;
      const ways = (into.get(n.id) ?? []).filter((e) => e.kind === "config" || e.kind === "plain");
      const marks = new Set(ways.map((e) => e.mark));
      const data: NodeData = {
        n,
        mark: n.mark ?? (marks.size === 1 ? [...marks][0] : undefined),
        linkOff: ways.length > 0 && ways.every((e) => !e.enabled),
        selected: n.id === selected,
        lit: light ? light.nodes.has(n.id) : undefined,
        why: light?.why.get(n.id),
        goes: n.kind === "line" ? goes(n, t) : undefined,
        pretend: n.kind === "address" ? pretend?.has(n.name) : undefined,
        also: alsoOf(t, n, ways, lineNames),
      };
      const sig = `${at.x} ${at.y} ${t("comma")} ${JSON.stringify(data)}`;
      const old = cache.current.get(n.id);
      const node = old?.sig === sig ? old.node : flowNode(n, at, data);
      next.set(n.id, { sig, node });
      out.push(node);
    }
    cache.current = next;
    return out;
  }, [picture, places, into, selected, light, pretend, t, lineNames]);

  const edges = useMemo(() => {
    const drawn = picture.edges.map((e): DrawnEdge => {
      const rule = e.rule && (e.owner?.kind === "access_domain" ? { ...e.rule, lines: [] } : e.rule);
      const label = rule && e.mark !== "removed" ? ruleWords(t, rule, lineNames) : "";
      const title = [label, e.enabled ? "" : t("link_disabled"), e.reachable ? "" : saidOf(e.because)].filter(Boolean).join(" · ");
      return { ...e, label, title, selected: `link:${e.id}` === selected, lit: light ? light.edges.has(e.id) : undefined };
    });
    for (const [from, to] of light?.ways ?? [])
      drawn.push({
        id: `lit:${from}>${to}`,
        from,
        to,
        kind: "detour",
        enabled: true,
        now: true,
        reachable: true,
        label: "",
        title: "",
        selected: false,
        lit: true,
      });
    return drawn;
  }, [picture, t, lineNames, light, selected]);

  // Brings a node into sight, no further than needed.
  const reveal = useCallback(
    (id: string) => {
      const at = places.get(id);
      const el = box.current;
      if (!at || !el) return;
      const v = flow.getViewport();
      const shift = (low: number, high: number, room: number) =>
        low < 16 ? 16 - low : high > room - 16 ? Math.max(room - 16 - high, 16 - low) : 0;
      const dx = shift(at.x * v.zoom + v.x, (at.x + at.width) * v.zoom + v.x, el.clientWidth);
      const dy = shift(at.y * v.zoom + v.y, (at.y + at.height) * v.zoom + v.y, el.clientHeight);
      if (dx !== 0 || dy !== 0) void flow.setViewport({ ...v, x: v.x + dx, y: v.y + dy });
    },
    [flow, places],
  );
  const focus = useCallback(
    (id: string) => {
      const find = () => box.current?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
      const el = find();
      if (el) {
        el.focus();
        return;
      }
      const at = places.get(id);
      if (!at) return;
      void flow.setCenter(at.x + at.width / 2, at.y + at.height / 2, { zoom: Math.max(flow.getZoom(), readable) });
      let tries = 0;
      const again = () => {
        const found = find();
        if (found) found.focus();
        else if (tries++ < 30) requestAnimationFrame(again);
      };
      requestAnimationFrame(again);
    },
    [flow, places],
  );

  const showAll = useCallback(() => void flow.fitView({ padding: 0.06, minZoom: 0.01, maxZoom: 1.1, duration: 150 }), [flow]);
  const start = useCallback(() => {
    const el = box.current;
    const all = bounds(places);
    if (!el || places.size === 0) return;
    // The tools and the overview map stand below.
    const foot = el.clientWidth > 700 ? 120 : 60;
    const room = el.clientHeight - foot;
    const zoom = Math.min(el.clientWidth / (all.width + 60), room / (all.height + 40), 1.1);
    if (zoom >= readable) {
      void flow.setViewport({
        zoom,
        x: (el.clientWidth - all.width * zoom) / 2 - all.x * zoom,
        y: (room - all.height * zoom) / 2 + 12 - all.y * zoom,
      });
      return;
    }
    const wide = Math.max(readable, Math.min(el.clientWidth / (all.width + 60), 0.9));
    const root = places.get(picture.nodes[0]?.id ?? "");
    void flow.setViewport({ zoom: wide, x: 24, y: el.clientHeight / 2 - ((root?.y ?? 0) + (root?.height ?? 0) / 2) * wide });
  }, [flow, places, picture]);

  // Where the room changes (a panel opens beside it) the whole is fitted anew, as long as nobody has moved it by hand.
  const moved = useRef(false);
  const onRoom = useRef(() => {});
  onRoom.current = () => {
    if (!moved.current) start();
    else if (selected) reveal(selected);
  };
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    let width = el.clientWidth;
    const watch = new ResizeObserver(() => {
      if (el.clientWidth === width) return;
      width = el.clientWidth;
      onRoom.current();
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, []);

  const keys = (e: KeyboardEvent) => {
    const target = (e.target as HTMLElement).closest<HTMLElement>(".react-flow__node");
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const done = () => {
      e.preventDefault();
      e.stopPropagation();
    };
    if (e.key === "+" || e.key === "=") {
      done();
      moved.current = true;
      void flow.zoomIn();
      return;
    }
    if (e.key === "-") {
      done();
      moved.current = true;
      void flow.zoomOut();
      return;
    }
    if (e.key === "0" || e.key === "f") {
      done();
      showAll();
      return;
    }
    if (e.key === "Escape") {
      onEscape();
      return;
    }
    const id = target?.dataset.id;
    if (!target || !id) return;
    const to = ({ ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" } as const)[e.key];
    if (to) {
      done();
      const next = neighbour(picture, places, id, to);
      if (next) focus(next);
      return;
    }
    if (e.key === "Home") {
      done();
      focus(picture.nodes[0]?.id ?? id);
      return;
    }
    const act = keyActs[e.key] ?? (e.key === "F10" && e.shiftKey ? "menu" : undefined);
    if (!act) return;
    done();
    const r = target.getBoundingClientRect();
    onAct(act, id, { x: r.left + Math.min(r.width, 60), y: r.top + r.height / 2 });
  };

  const words = useMemo(
    (): Partial<AriaLabelConfig> => ({
      "node.a11yDescription.default": t("keys.about"),
      "node.a11yDescription.keyboardDisabled": t("keys.about"),
      "controls.ariaLabel": t("controls"),
      "controls.zoomIn.ariaLabel": t("zoom_in"),
      "controls.zoomOut.ariaLabel": t("zoom_out"),
      "controls.fitView.ariaLabel": t("fit"),
      "minimap.ariaLabel": t("minimap"),
    }),
    [t],
  );

  // The domain's node keeps its place on the screen when the shape changes (a pool opens, the draft adds a part).
  const before = useRef(places);
  useEffect(() => {
    const id = picture.nodes[0]?.id ?? "";
    const [was, is] = [before.current.get(id), places.get(id)];
    before.current = places;
    if (!was || !is || (was.x === is.x && was.y === is.y)) return;
    const v = flow.getViewport();
    void flow.setViewport({ ...v, x: v.x - (is.x - was.x) * v.zoom, y: v.y - (is.y - was.y) * v.zoom });
  }, [places, picture, flow]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and focus are those of the nodes inside
    <div
      ref={box}
      className="cv-box"
      onKeyDownCapture={keys}
      onFocus={(e) => {
        const id = (e.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id;
        if (id) reveal(id);
      }}
    >
      <ReactFlow<FlowNode>
        nodes={nodes}
        edges={noEdges}
        nodeTypes={nodeTypes}
        colorMode={scheme}
        minZoom={0.01}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        nodesFocusable
        autoPanOnNodeFocus={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        onlyRenderVisibleElements={nodes.length > allBelow}
        onInit={start}
        onMoveStart={(e) => {
          if (e) moved.current = true;
        }}
        onNodeClick={(e: MouseEvent, n) => onAct(n.data.n.kind === "more" ? "toggle" : "open", n.id, { x: e.clientX, y: e.clientY })}
        onNodeDoubleClick={(e: MouseEvent, n) => onAct("edit", n.id, { x: e.clientX, y: e.clientY })}
        zoomOnDoubleClick={false}
        onNodeContextMenu={(e: MouseEvent, n) => {
          e.preventDefault();
          onAct("menu", n.id, { x: e.clientX, y: e.clientY });
        }}
        onPaneClick={onEscape}
        ariaLabelConfig={words}
        aria-label={t("canvas_of", { name: picture.nodes[0]?.name ?? "" })}
        role="group"
      >
        <Edges edges={edges} places={places} onSelect={onEdge} />
        <MiniMap<FlowNode>
          pannable
          zoomable
          ariaLabel={t("minimap")}
          nodeColor={(n) => miniColor(n.data.n)}
          nodeStrokeWidth={0}
          style={mini}
          maskColor={scheme === "dark" ? "rgba(0,0,0,.45)" : "rgba(120,130,140,.18)"}
          bgColor="var(--mantine-color-body)"
        />
        <Panel position="bottom-left">
          <div className="cv-tools">
            <Tool label={t("zoom_in")} keys="+" icon={IconPlus} onClick={() => void flow.zoomIn()} />
            <Tool label={t("zoom_out")} keys="-" icon={IconMinus} onClick={() => void flow.zoomOut()} />
            <Tool label={t("fit")} keys="F" icon={IconMaximize} onClick={showAll} />
            <Tool
              label={t("to_start")}
              icon={IconFocusCentered}
              onClick={() => {
                moved.current = false;
                start();
              }}
            />
          </div>
        </Panel>
      </ReactFlow>
    </div>
  );
}

// The library's English word "node" would be read out for each.
const noRole = { "aria-roledescription": undefined } as NonNullable<FlowNode["domAttributes"]>;
const noEdges: never[] = [];
const mini = { width: 168, height: 96 };
export const keyActs: Record<string, Act> = {
  Enter: "open",
  " ": "open",
  Delete: "remove",
  Backspace: "remove",
  a: "add",
  e: "edit",
  p: "pretend",
  m: "menu",
  ContextMenu: "menu",
  x: "toggle",
};

function Tool({ label, keys, icon: I, onClick }: { label: string; keys?: string; icon: typeof IconPlus; onClick: () => void }) {
  return (
    <Tooltip label={keys ? `${label} (${keys})` : label}>
      <ActionIcon variant="subtle" color="gray" size="md" aria-label={label} onClick={onClick}>
        <I size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

function flowNode(n: CanvasNode, at: Box, data: NodeData): FlowNode {
  return {
    id: n.id,
    type: "part",
    position: { x: at.x, y: at.y },
    width: at.width,
    height: at.height,
    data,
    draggable: false,
    selectable: false,
    focusable: true,
    ariaRole: "button",
    domAttributes: noRole,
  };
}

function miniColor(n: CanvasNode): string {
  if (n.kind === "line" || n.kind === "last" || !n.reachable) return "var(--mantine-color-gray-5)";
  return `var(--m-state-${stateLook[n.state]?.color ?? "gray"})`;
}

function bounds(places: Map<string, Box>): Box {
  let [x1, y1, x2, y2] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const b of places.values()) {
    x1 = Math.min(x1, b.x);
    y1 = Math.min(y1, b.y);
    x2 = Math.max(x2, b.x + b.width);
    y2 = Math.max(y2, b.y + b.height);
  }
  return { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
}

/** "now guangzhou", for a line: what its clients get. */
export function goes(n: CanvasNode & { kind: "line" }, t: ReturnType<typeof useTranslation<"canvas">>["t"]): string {
  const o = n.outcome;
  if (!o) return t("not_yet");
  if (!o.pools?.length) return t("gets_nothing");
  const names = o.pools.map((p) => p.pool).join(t("comma"));
  return o.basis === "last_resort" ? t("gets_last", { names }) : t("gets", { names });
}
