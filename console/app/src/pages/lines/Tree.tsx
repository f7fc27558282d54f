// The built-in lines as a tree one can search. Arrow keys walk it as the tree pattern of ARIA asks.
import { Anchor, Badge, Group, Skeleton, Text } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { SearchInput } from "@/components/SearchInput";
import { lineName, useLines } from "@/edit/lines";
import { number } from "@/lib/format";

type Flat = { code: string; depth: number; parent: string | undefined; open: boolean; leaf: boolean; at: number; of: number };

export function Tree({ q, onSearch }: { q: string | undefined; onSearch: (q: string) => void }) {
  const { t } = useTranslation("lines");
  const { by, top, ready } = useLines();
  const [open, setOpen] = useState<Set<string>>(new Set());
  const [active, setActive] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const found = useMemo(() => {
    const text = q?.trim().toLowerCase();
    if (!text) return undefined;
    const hits = new Set<string>();
    const above = new Set<string>();
    for (const l of by.values()) {
      if (l.custom) continue;
      if (![l.code, l.en, l.zh, l.alias ?? ""].some((s) => s.toLowerCase().includes(text))) continue;
      hits.add(l.code);
      for (let p = l.parent; p; p = by.get(p)?.parent) above.add(p);
    }
    return { hits, above };
  }, [q, by]);
  const rows: Flat[] = [];
  const walk = (codes: string[], depth: number, parent: string | undefined) => {
    const shown = codes.filter((c) => !by.get(c)?.custom && (!found || found.hits.has(c) || found.above.has(c)));
    for (const [i, code] of shown.entries()) {
      const children = by.get(code)?.children ?? [];
      const isOpen = found ? found.above.has(code) : open.has(code);
      rows.push({ code, depth, parent, open: isOpen, leaf: children.length === 0, at: i + 1, of: shown.length });
      if (isOpen) walk(children, depth + 1, code);
    }
  };
  walk(top, 1, undefined);
  const focused = rows.some((r) => r.code === active) ? active : rows[0]?.code;
  const toggle = (code: string, on: boolean) =>
    setOpen((s) => {
      const next = new Set(s);
      if (on) next.add(code);
      else next.delete(code);
      return next;
    });
  const go = (code: string | undefined) => {
    if (!code) return;
    setActive(code);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-line="${CSS.escape(code)}"]`)?.focus());
  };
  const keys = (e: KeyboardEvent) => {
    const i = rows.findIndex((r) => r.code === focused);
    const row = rows[i];
    if (!row) return;
    if (e.key === "ArrowDown") go(rows[i + 1]?.code);
    else if (e.key === "ArrowUp") go(rows[i - 1]?.code);
    else if (e.key === "Home") go(rows[0]?.code);
    else if (e.key === "End") go(rows.at(-1)?.code);
    else if (e.key === "ArrowRight") {
      if (row.leaf) return;
      if (row.open) go(rows[i + 1]?.code);
      else toggle(row.code, true);
    } else if (e.key === "ArrowLeft") {
      if (row.open && !found) toggle(row.code, false);
      else go(row.parent);
    } else if (e.key === "Enter") box.current?.querySelector<HTMLAnchorElement>(`[data-line="${CSS.escape(row.code)}"] a`)?.click();
    else return;
    e.preventDefault();
  };
  return (
    <>
      <Group gap="sm" mb="sm">
        <SearchInput label={t("tree.search")} value={q} onChange={onSearch} />
        <Text fz="sm" c="dimmed" aria-live="polite">
          {found ? t("tree.found", { count: found.hits.size, n: number(found.hits.size) }) : ""}
        </Text>
      </Group>
      {!ready ? (
        <Skeleton height={400} />
      ) : (
        <div ref={box} role="tree" aria-label={t("tree.title")} onKeyDown={keys}>
          {rows.map((r) => {
            const l = by.get(r.code);
            const Chevron = r.open ? IconChevronDown : IconChevronRight;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys
              <div
                key={r.code}
                role="treeitem"
                aria-level={r.depth}
                aria-posinset={r.at}
                aria-setsize={r.of}
                {...(r.leaf ? {} : { "aria-expanded": r.open })}
                aria-selected={false}
                tabIndex={r.code === focused ? 0 : -1}
                data-line={r.code}
                onFocus={() => setActive(r.code)}
                onClick={() => !r.leaf && toggle(r.code, !r.open)}
                style={{
                  paddingLeft: (r.depth - 1) * 22,
                  cursor: r.leaf ? undefined : "pointer",
                  minHeight: 30,
                  display: "flex",
                  alignItems: "center",
                  gap: 6,
                }}
              >
                {r.leaf ? <span style={{ width: 16, flexShrink: 0 }} /> : <Chevron size={16} aria-hidden style={{ flexShrink: 0 }} />}
                {/* biome-ignore lint/a11y/noStaticElementInteractions: only keeps a click on the link from opening the branch too */}
                {/* biome-ignore lint/a11y/useKeyWithClickEvents: as above */}
                <span onClick={(e) => e.stopPropagation()}>
                  <Anchor
                    component={Link}
                    to={`/lines/${encodeURIComponent(r.code)}` as string}
                    fz="sm"
                    tabIndex={-1}
                    style={{ display: "inline-block", lineHeight: "24px" }}
                  >
                    {lineName(l)}
                  </Anchor>
                </span>
                <span className="mono muted">{r.code}</span>
                {l?.alias && l.alias !== l.code && (
                  <Badge size="sm" variant="default" visibleFrom="sm" styles={{ root: { textTransform: "none" } }}>
                    {l.alias}
                  </Badge>
                )}
              </div>
            );
          })}
          {rows.length === 0 && <Text fz="sm">{t("tree.none")}</Text>}
        </div>
      )}
    </>
  );
}
