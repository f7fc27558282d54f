// What can be done on the canvas: each is a change of one document, to be put into the draft. Pure. Everything that
// a document holds besides stays as it is; whether the outcome is right the API says.
import type { Body } from "@/edit/draft";
import { membersOf } from "./model";

export type OwnerKind = "access_domain" | "pool";

const field = (kind: OwnerKind) => (kind === "access_domain" ? "pools" : "members");
const ref = (kind: OwnerKind) => (kind === "access_domain" ? "pool" : "address");

const listOf = (kind: OwnerKind, body: Body): Body[] => {
  const v = body[field(kind)];
  return Array.isArray(v) ? (v as Body[]) : [];
};
const withList = (kind: OwnerKind, body: Body, list: Body[]): Body => ({ ...body, [field(kind)]: list });

export function hasMember(kind: OwnerKind, body: Body, to: string): boolean {
  return listOf(kind, body).some((m) => m[ref(kind)] === to);
}

/** Adds a member behind the others; one that is there gains the lines. */
export function addMember(kind: OwnerKind, body: Body, to: string, lines: string[] = []): Body {
  const list = listOf(kind, body);
  if (hasMember(kind, body, to)) {
    return withList(
      kind,
      body,
      list.map((m) =>
        m[ref(kind)] === to ? { ...m, lines: [...new Set([...((m.lines as string[] | undefined) ?? ["default"]), ...lines])] } : m,
      ),
    );
  }
  const serial = Math.max(0, ...membersOf(kind, body).map((m) => m.serial)) + 1;
  return withList(kind, body, [
    ...list,
    { [ref(kind)]: to, serial, weight: 1, lines: lines.length > 0 ? lines : ["default"], enabled: true },
  ]);
}

export function dropMember(kind: OwnerKind, body: Body, to: string): Body {
  return withList(
    kind,
    body,
    listOf(kind, body).filter((m) => m[ref(kind)] !== to),
  );
}

export type LinkPatch = { weight?: number; serial?: number; lines?: string[]; enabled?: boolean };

export function setMember(kind: OwnerKind, body: Body, to: string, patch: LinkPatch): Body {
  return withList(
    kind,
    body,
    listOf(kind, body).map((m) => (m[ref(kind)] === to ? { ...m, ...patch } : m)),
  );
}

/** Moves a member one place up (-1) or down (1) in the order; serials are then those of the places. */
export function moveMember(kind: OwnerKind, body: Body, to: string, by: -1 | 1): Body {
  const order = membersOf(kind, body)
    .map((m, i) => [m, i] as const)
    .sort(([a, i], [b, j]) => a.serial - b.serial || i - j)
    .map(([, i]) => i);
  const list = listOf(kind, body);
  const at = order.findIndex((i) => list[i]?.[ref(kind)] === to);
  const other = at + by;
  if (at < 0 || other < 0 || other >= order.length) return body;
  [order[at], order[other]] = [order[other] as number, order[at] as number];
  const serial = new Map(order.map((i, place) => [i, place + 1]));
  return withList(
    kind,
    body,
    list.map((m, i) => ({ ...m, serial: serial.get(i) })),
  );
}

export function setEnabled(body: Body, enabled: boolean): Body {
  return { ...body, enabled };
}

type TaskRef = { template: string; port?: number | undefined };
const tasksOf = (body: Body): Body[] => (Array.isArray(body.tasks) ? (body.tasks as Body[]) : []);
// A task whose port is the protocol's own may be written without it.
function taskAt(body: Body, r: TaskRef): number {
  const list = tasksOf(body);
  const exact = list.findIndex((t) => t.template === r.template && t.port === r.port);
  return exact >= 0 ? exact : list.findIndex((t) => t.template === r.template && t.port === undefined);
}

export function addTask(body: Body, task: TaskRef): Body {
  return { ...body, tasks: [...tasksOf(body), { template: task.template, ...(task.port ? { port: task.port } : {}), enabled: true }] };
}

export function dropTask(body: Body, r: TaskRef): Body {
  const at = taskAt(body, r);
  return { ...body, tasks: tasksOf(body).filter((_, i) => i !== at) };
}

export function setTask(body: Body, r: TaskRef, enabled: boolean): Body {
  const at = taskAt(body, r);
  return { ...body, tasks: tasksOf(body).map((t, i) => (i === at ? { ...t, enabled } : t)) };
}
