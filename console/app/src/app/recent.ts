// Objects that were looked at last in this browser, for the palette.
import { keep, kept } from "@/lib/storage";

const key = "meridian.recent";
const most = 8;

export type Recent = { kind: string; name: string };

const places: [RegExp, string][] = [
  [/^\/domains\/([^/]+)\/([^/]+)$/, "access_domain"],
  [/^\/pools\/([^/]+)$/, "pool"],
  [/^\/addresses\/([^/]+)$/, "address"],
  [/^\/templates\/([^/]+)$/, "template"],
  [/^\/lines\/([^/]+)$/, "line"],
  [/^\/zones\/([^/]+)$/, "zone"],
  [/^\/nodes\/([^/]+)$/, "node"],
  [/^\/vantages\/([^/]+)$/, "vantage"],
];

/** The object that a page is about. */
export function objectOf(path: string): Recent | undefined {
  for (const [pattern, kind] of places) {
    const m = pattern.exec(path);
    if (m)
      try {
        return { kind, name: m.slice(1).map(decodeURIComponent).join("/") };
      } catch {
        return undefined; // a broken escape names nothing
      }
  }
  return undefined;
}

export function recents(): Recent[] {
  try {
    const v = JSON.parse(kept(key) ?? "[]") as unknown;
    return Array.isArray(v) ? v.filter((r): r is Recent => typeof r?.kind === "string" && typeof r?.name === "string") : [];
  } catch {
    return [];
  }
}

/** Notes that a page was opened. */
export function visited(path: string): void {
  const o = objectOf(path);
  if (!o) return;
  const rest = recents().filter((r) => r.kind !== o.kind || r.name !== o.name);
  keep(key, JSON.stringify([o, ...rest].slice(0, most)));
}
