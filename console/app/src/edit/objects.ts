// Reading objects of any kind by their key, with the draft laid over them.
import { keepPreviousData, type QueryKey, queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError, api, queryClient, type Schemas } from "@/api/client";
import { type Body, type Draft, type DraftItem, type Kind, useDraft } from "./draft";
import { bare } from "./model";

/** An object as read: its body, its version, and what the server says of it besides. */
export type Known = Body & {
  version: number;
  revision: number;
  id: string;
  used_by?: Schemas["Key"][];
  updated_at?: string;
  override?: Schemas["Ordered"];
};

const plural: Record<Kind, string> = {
  settings: "settings",
  line: "lines",
  template: "templates",
  address: "addresses",
  pool: "pools",
  zone: "zones",
  record: "records",
  access_domain: "access-domains",
  assertion: "assertions",
};

/** Path of an object in the API. A wildcard or a slash in a name is escaped. */
export function pathOf(kind: Kind, key: string): string {
  const base = `/api/v1/${plural[kind]}`;
  if (kind === "settings") return base;
  const e = encodeURIComponent;
  if (kind === "access_domain" || kind === "assertion") {
    const at = key.indexOf("/");
    return `${base}/${e(key.slice(0, at))}/${e(key.slice(at + 1))}`;
  }
  if (kind === "record") {
    const [first, last] = [key.indexOf("/"), key.lastIndexOf("/")];
    return `${base}/${e(key.slice(0, first))}/${e(key.slice(first + 1, last))}/${e(key.slice(last + 1))}`;
  }
  return `${base}/${e(key)}`;
}

// The client is typed by path; here the path is made from a kind, and the answer's shape is Known.
type Loose = {
  GET(path: string, o?: object): Promise<{ data?: unknown }>;
  POST(path: string, o?: object): Promise<{ data?: unknown }>;
};
export const loose = api as unknown as Loose;

export function objectQuery(kind: Kind, key: string) {
  const path = pathOf(kind, key);
  return queryOptions({
    queryKey: ["get", path] as QueryKey,
    queryFn: async ({ signal }): Promise<Known | null> => {
      try {
        return ((await loose.GET(path, { signal })).data as Known | undefined) ?? null;
      } catch (err) {
        if (err instanceof ApiError && err.status === 404) return null;
        throw err;
      }
    },
    enabled: key !== "",
  });
}

export function readObject(kind: Kind, key: string): Promise<Known | null> {
  return queryClient.fetchQuery({ ...objectQuery(kind, key), staleTime: 0 });
}

/** An object as the server has it; null when there is none. */
export function useObject(kind: Kind, key: string) {
  return useQuery(objectQuery(kind, key));
}

/** What an object is in the draft: its body there, or as the server has it; null when it is (to be) gone. */
export function inDraft(d: Draft, kind: Kind, key: string, known: Known | null | undefined): Body | null | undefined {
  const item = d.items.find((i) => i.kind === kind && i.key === key);
  if (item) return item.op === "delete" ? null : (item.body ?? null);
  return known ? bare(known) : known;
}

export type Named = { key: string; body: Body; isNew: boolean };

/** Objects of a kind whose name, labels or content hold q, the draft's among them: for choosing one. */
export function useObjects(kind: Kind, q: string, limit = 50): { items: Named[]; total: number; loading: boolean } {
  const draft = useDraft();
  const path = `/api/v1/${plural[kind]}`;
  const { data, isLoading } = useQuery({
    queryKey: ["get", path, { limit, q }],
    queryFn: async ({ signal }) =>
      (await loose.GET(path, { params: { query: { limit, ...(q ? { q } : {}) } }, signal })).data as { items: Known[]; total: number },
    placeholderData: keepPreviousData,
  });
  return useMemo(() => {
    const mine = draft.items.filter((i) => i.kind === kind);
    const by = new Map(mine.map((i) => [i.key, i]));
    const have = (data?.items ?? []).flatMap((o): Named[] => {
      const key = keyOfBody(kind, o);
      const item = by.get(key);
      by.delete(key);
      if (item?.op === "delete") return [];
      return [{ key, body: item?.body ?? bare(o), isNew: false }];
    });
    const fresh = mine
      .filter((i) => by.has(i.key) && i.op === "put" && !i.base && i.key.toLowerCase().includes(q.toLowerCase()))
      .map((i) => ({ key: i.key, body: i.body ?? {}, isNew: true }));
    return { items: [...fresh, ...have], total: (data?.total ?? 0) + fresh.length, loading: isLoading };
  }, [data, draft, kind, q, isLoading]);
}

export function keyOfBody(kind: Kind, o: Body): string {
  const s = (k: string) => String(o[k] ?? "");
  if (kind === "settings") return "settings";
  if (kind === "access_domain") return `${s("name")}/${s("type")}`;
  if (kind === "assertion") return `${s("name")}/${s("type")}@${s("line")}`;
  if (kind === "record") return `${s("zone")}/${s("name")}/${s("type")}`;
  return s("name");
}

/** The words of a key for people: of an access domain its name and type, of an assertion its line too. */
export function nameOfKey(kind: Kind, key: string): string {
  if (kind === "settings") return "";
  if (kind === "access_domain" || kind === "assertion") return key.replace("/", " ");
  return key;
}

/** What in the draft names an object: items that would be broken by its end. */
export function usersInDraft(d: Draft, kind: Kind, key: string): DraftItem[] {
  return d.items.filter((i) => i.op === "put" && namesOf(i.kind, i.body ?? {}).some((n) => n.kind === kind && n.key === key));
}

/** The objects that a body names. */
export function namesOf(kind: Kind, b: Body): { kind: Kind; key: string }[] {
  const items = (v: unknown): Body[] => (Array.isArray(v) ? (v as Body[]) : []);
  const lines = (m: Body): { kind: Kind; key: string }[] =>
    (Array.isArray(m.lines) ? m.lines : []).map((l) => ({ kind: "line" as const, key: String(l) }));
  switch (kind) {
    case "access_domain":
      return items(b.pools).flatMap((m) => [{ kind: "pool" as const, key: String(m.pool) }, ...lines(m)]);
    case "pool":
      return items(b.members).flatMap((m) => [{ kind: "address" as const, key: String(m.address) }, ...lines(m)]);
    case "address":
      return items(b.tasks).map((t) => ({ kind: "template" as const, key: String(t.template) }));
    case "assertion": {
      const e = (b.expect ?? {}) as Body;
      return [
        { kind: "access_domain", key: `${b.name}/${b.type}` },
        ...(e.pool ? [{ kind: "pool" as const, key: String(e.pool) }] : []),
        ...(e.address ? [{ kind: "address" as const, key: String(e.address) }] : []),
        { kind: "line", key: String(b.line) },
      ];
    }
    default:
      return [];
  }
}

/** A body without what names an object: to delete that object in the same draft. undefined when the body is nothing without it. */
export function withoutName(kind: Kind, b: Body, gone: { kind: Kind; key: string }): Body | undefined {
  const items = (v: unknown): Body[] => (Array.isArray(v) ? (v as Body[]) : []);
  const dropLines = (m: Body): Body[] => {
    if (gone.kind !== "line" || !Array.isArray(m.lines) || !m.lines.includes(gone.key)) return [m];
    const lines = m.lines.filter((l) => l !== gone.key);
    return lines.length > 0 ? [{ ...m, lines }] : []; // no line left would mean default: more clients than before
  };
  switch (kind) {
    case "access_domain":
      return {
        ...b,
        pools: items(b.pools)
          .filter((m) => gone.kind !== "pool" || m.pool !== gone.key)
          .flatMap(dropLines),
      };
    case "pool":
      return {
        ...b,
        members: items(b.members)
          .filter((m) => gone.kind !== "address" || m.address !== gone.key)
          .flatMap(dropLines),
      };
    case "address":
      return { ...b, tasks: items(b.tasks).filter((t) => gone.kind !== "template" || t.template !== gone.key) };
    default:
      return undefined; // an assertion is about what goes: it goes with it
  }
}
