// The list twin of the canvas: the same tree as a table that opens and closes, with the same actions.
import { ActionIcon, Table } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconDots } from "@tabler/icons-react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Act, goes, keyActs, type Light } from "./Canvas";
import { kindIcon, StateMark } from "./icons";
import { kindWord, lineName, nameOf, ruleWords, saidOf, sinceWord, stateWord } from "./say";
import type { CanvasEdge, CanvasNode, Canvas as Picture } from "./types";

type Row = { path: string; n: CanvasNode; edge?: CanvasEdge | undefined; level: number; at: number; of: number; children: number };

export function Tree({
  picture,
  selected,
  light,
  pretend,
  onAct,
}: {
  picture: Picture;
  selected?: string | undefined;
  light?: Light | undefined;
  pretend?: ReadonlySet<string> | undefined;
  onAct: (act: Act, id: string, at: { x: number; y: number }) => void;
}) {
  const { t } = useTranslation("canvas");
  // Health tasks are folded at first; all else is open.
  const [flipped, flip] = useState<ReadonlySet<string>>(new Set());
  const body = useRef<HTMLTableSectionElement>(null);
  const [at, setAt] = useState("");

  const edges = useMemo(() => new Map(picture.edges.map((e) => [`${e.from} ${e.to}`, e])), [picture]);
  const lines = useMemo(() => {
    const m = new Map<string, string>();
    for (const n of picture.nodes) if (n.kind === "line") m.set(n.code, n.code === "default" ? t("default_line") : lineName(n));
    return (c: string) => m.get(c) ?? c;
  }, [picture, t]);
  const open = (r: { path: string; n: CanvasNode }) => (r.n.kind === "address" || r.n.kind === "last") === flipped.has(r.path);

  const rows = useMemo(() => {
    const out: Row[] = [];
    const walk = (id: string, path: string, level: number, i: number, of: number, edge?: CanvasEdge) => {
      const n = picture.byId.get(id);
      if (!n) return;
      const kids = picture.children.get(id) ?? [];
      out.push({ path, n, edge, level, at: i, of, children: kids.length });
      const folded = (n.kind === "address" || n.kind === "last") !== flipped.has(path);
      if (folded) return;
      kids.forEach((k, j) => {
        walk(k, `${path}/${k}`, level + 1, j + 1, kids.length, edges.get(`${id} ${k}`));
      });
    };
    const root = picture.nodes[0];
    if (root) walk(root.id, root.id, 1, 1, 1);
    return out;
  }, [picture, flipped, edges]);

  const current = rows.some((r) => r.path === at) ? at : (rows[0]?.path ?? "");
  const toggle = (r: Row) => {
    const next = new Set(flipped);
    if (!next.delete(r.path)) next.add(r.path);
    flip(next);
  };
  const go = (i: number) => {
    const r = rows[Math.max(0, Math.min(rows.length - 1, i))];
    if (!r) return;
    setAt(r.path);
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(r.path)}"]`)?.focus());
  };

  const keys = (e: KeyboardEvent, r: Row, i: number) => {
    if (e.target !== e.currentTarget || e.ctrlKey || e.metaKey || e.altKey) return;
    const rect = e.currentTarget.getBoundingClientRect();
    const place = { x: rect.left + 80, y: rect.bottom };
    const act = keyActs[e.key];
    const to = (() => {
      switch (e.key) {
        case "ArrowDown":
          return i + 1;
        case "ArrowUp":
          return i - 1;
        case "Home":
          return 0;
        case "End":
          return rows.length - 1;
        case "ArrowRight":
          return r.children > 0 && open(r) ? i + 1 : i;
        case "ArrowLeft":
          return r.children > 0 && open(r) ? i : rows.findIndex((x) => x.path === r.path.slice(0, r.path.lastIndexOf("/")));
      }
      return undefined;
    })();
    if (to === undefined && !act) return;
    e.preventDefault();
    e.stopPropagation(); // a menu that opens now would take the same key for its own
    if (act) onAct(act === "open" && r.n.kind === "more" ? "toggle" : act, r.n.id, place);
    else if (to === i && r.children > 0 && e.key.startsWith("Arrow")) toggle(r);
    else if (to !== undefined) go(to);
  };

  return (
    <Table.ScrollContainer minWidth={0} type="native">
      <Table role="treegrid" aria-label={t("canvas_of", { name: picture.nodes[0]?.name ?? "" })} className="cv-tree">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("list.part")}</Table.Th>
            <Table.Th>{t("list.state")}</Table.Th>
            <Table.Th visibleFrom="sm">{t("list.rule")}</Table.Th>
            <Table.Th visibleFrom="md">{t("list.why")}</Table.Th>
            <Table.Th w={40}>
              <span className="cv-hidden">{t("actions")}</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody ref={body}>
          {rows.map((r, i) => {
            const { n } = r;
            const I = kindIcon[n.kind];
            const mark = n.mark ?? r.edge?.mark;
            const off = !n.reachable || n.state === "disabled" || r.edge?.enabled === false;
            const why =
              light?.why.get(n.id) ??
              (n.reachable ? (n.kind === "line" ? goes(n, t) : saidOf(n.said)) : `${t("unreachable")}: ${saidOf(n.because)}`);
            const rule = r.edge?.rule
              ? ruleWords(t, r.edge.owner?.kind === "access_domain" ? { ...r.edge.rule, lines: [] } : r.edge.rule, lines)
              : "";
            return (
              <Table.Tr
                key={r.path}
                data-path={r.path}
                data-node={n.id}
                data-off={off}
                data-lit={light ? light.nodes.has(n.id) : undefined}
                tabIndex={r.path === current ? 0 : -1}
                aria-level={r.level}
                aria-posinset={r.at}
                aria-setsize={r.of}
                aria-expanded={r.children > 0 ? open(r) : undefined}
                aria-selected={n.id === selected}
                onFocus={(e) => e.target === e.currentTarget && setAt(r.path)}
                onKeyDown={(e) => keys(e, r, i)}
              >
                <Table.Td>
                  <span className="cv-row" style={{ paddingLeft: (r.level - 1) * 18 }}>
                    {r.children > 0 ? (
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size={24}
                        tabIndex={-1}
                        aria-label={t(open(r) ? "list.close" : "list.open", { name: nameOf(t, n) })}
                        onClick={() => toggle(r)}
                      >
                        {open(r) ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />}
                      </ActionIcon>
                    ) : (
                      <span className="cv-indent" />
                    )}
                    <I size={15} aria-hidden />
                    <button
                      type="button"
                      className="cv-link"
                      tabIndex={-1}
                      title={kindWord(t, n)}
                      onClick={() => onAct(n.kind === "more" ? "toggle" : "open", n.id, { x: 0, y: 0 })}
                    >
                      {nameOf(t, n)}
                    </button>
                    {n.kind === "address" && n.value !== n.name && <span className="cv-sub mono">{n.value}</span>}
                    {n.now && (
                      <span className="cv-tag" data-tone="now">
                        {t("now")}
                      </span>
                    )}
                    {n.kind === "address" && pretend?.has(n.name) && (
                      <span className="cv-tag" data-tone="removed">
                        {t("pretend_down")}
                      </span>
                    )}
                    {mark && (
                      <span className="cv-tag" data-tone={mark}>
                        {t(`mark.${mark}`)}
                      </span>
                    )}
                  </span>
                </Table.Td>
                <Table.Td>
                  {n.kind === "line" || n.kind === "last" || n.kind === "more" ? null : (
                    <>
                      <StateMark state={n.state} word={stateWord(t, n.state)} />
                      {n.since && sinceWord(n.since) && <span className="cv-sub"> {t("since", { at: sinceWord(n.since) })}</span>}
                    </>
                  )}
                </Table.Td>
                <Table.Td visibleFrom="sm">
                  {rule}
                  {r.edge?.enabled === false && <span className="cv-tag">{t("link_disabled")}</span>}
                </Table.Td>
                <Table.Td visibleFrom="md">{why}</Table.Td>
                <Table.Td>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    tabIndex={-1}
                    aria-label={t("actions_of", { name: nameOf(t, n) })}
                    onClick={(e) => onAct("menu", n.id, { x: e.clientX, y: e.clientY })}
                  >
                    <IconDots size={16} aria-hidden />
                  </ActionIcon>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
