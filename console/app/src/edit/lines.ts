// The tree of lines: the built-in ones, which do not change while a page lives, and custom lines with
// the draft's among them.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { $api } from "@/api/client";
import { i18n } from "@/i18n";
import { useDraft } from "./draft";
import { loose } from "./objects";

export type LineNode = { code: string; en: string; zh: string; alias?: string; parent?: string; custom: boolean; children: string[] };
export type Lines = { by: Map<string, LineNode>; top: string[]; ready: boolean };

async function customLines(signal: AbortSignal): Promise<string[]> {
  const out: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { data } = await loose.GET("/api/v1/lines", { params: { query: { limit: 500, ...(cursor ? { cursor } : {}) } }, signal });
    const page = data as { items: { name: string }[]; next_cursor?: string };
    out.push(...page.items.map((l) => l.name));
    cursor = page.next_cursor;
    if (!cursor) return out;
  }
}

export function useLines(): Lines {
  const built = $api.useQuery(
    "get",
    "/api/v1/builtin-lines",
    { params: { query: { limit: 1000 } } },
    { staleTime: Number.POSITIVE_INFINITY },
  );
  const custom = useQuery({ queryKey: ["get", "/api/v1/lines", { all: true }], queryFn: ({ signal }) => customLines(signal) });
  const draft = useDraft();
  return useMemo(() => {
    const by = new Map<string, LineNode>();
    const drafted = draft.items.filter((i) => i.kind === "line" && i.op === "put").map((i) => i.key);
    for (const name of new Set([...drafted, ...(custom.data ?? [])]))
      by.set(name, { code: name, en: name, zh: name, custom: true, children: [] });
    for (const l of built.data?.items ?? [])
      if (!by.has(l.code))
        by.set(l.code, {
          code: l.code,
          en: l.name_en,
          zh: l.name_zh,
          custom: false,
          children: [],
          ...(l.alias ? { alias: l.alias } : {}),
          ...(l.parent ? { parent: l.parent } : {}),
        });
    const top: string[] = [];
    for (const l of by.values()) {
      const above = l.parent && l.parent !== "default" ? by.get(l.parent) : undefined;
      if (above) above.children.push(l.code);
      else top.push(l.code);
    }
    // default first, custom lines next, then what has a tree below it.
    const rank = (c: string) => (c === "default" ? 0 : by.get(c)?.custom ? 1 : (by.get(c)?.children.length ?? 0) > 0 ? 2 : 3);
    const order = (a: string, b: string) =>
      rank(a) - rank(b) || lineName(by.get(a)).localeCompare(lineName(by.get(b)), i18n.language === "zh" ? "zh-CN" : "en");
    top.sort(order);
    for (const l of by.values()) l.children.sort(order);
    return { by, top, ready: Boolean(built.data) };
  }, [built.data, custom.data, draft]);
}

export function lineName(l: LineNode | undefined): string {
  if (!l) return "";
  return i18n.language === "zh" ? l.zh : l.en;
}

/** Name of a line in the reader's language; its code while names are not known. */

export type Row = { code: string; depth: number; open?: boolean };

/** The rows that are seen: of the tree with what is open, or, when text is searched, of what it finds. */
export function rowsOf(lines: Lines, open: ReadonlySet<string>, q: string, most = 80): Row[] {
  const text = q.trim().toLowerCase();
  if (text) {
    const words = text.split(/\s+/);
    const found = [...lines.by.values()].filter((l) => {
      const all = `${l.code} ${l.en} ${l.zh} ${l.alias ?? ""}`.toLowerCase();
      return words.every((w) => all.includes(w));
    });
    const score = (l: LineNode) =>
      l.code === text ? 0 : l.code.startsWith(text) || l.zh.startsWith(text) || l.en.toLowerCase().startsWith(text) ? 1 : 2;
    return found
      .sort((a, b) => score(a) - score(b) || a.code.length - b.code.length)
      .slice(0, most)
      .map((l) => ({ code: l.code, depth: 0 }));
  }
  const out: Row[] = [];
  const walk = (codes: string[], depth: number) => {
    for (const c of codes) {
      const l = lines.by.get(c);
      if (!l) continue;
      const isOpen = open.has(c);
      out.push({ code: c, depth, ...(l.children.length > 0 ? { open: isOpen } : {}) });
      if (isOpen) walk(l.children, depth + 1);
    }
  };
  walk(lines.top, 0);
  return out;
}
