// What pools and access domains share: a policy and members in an order.
import type { Body } from "../draft";
import { given, list, type Missing, type Num, num, restOf, text } from "./common";

export type Policy = "proximity" | "sequential" | "round_robin" | "weighted";
export const policies: Policy[] = ["proximity", "sequential", "round_robin", "weighted"];

export type SteeringForm = { policy: Policy; mode: "preemptive" | "non_preemptive"; order: "serial" | "distance" };
export const steeringFields = ["policy", "mode", "order"] as const;

export function steeringFrom(b: Body): SteeringForm {
  return {
    policy: (text(b.policy) || "round_robin") as Policy,
    mode: (text(b.mode) || "preemptive") as SteeringForm["mode"],
    order: (text(b.order) || "serial") as SteeringForm["order"],
  };
}

/** mode and order belong to one policy each; the form remembers them while another is chosen. */
export function steeringTo(f: SteeringForm): Body {
  return {
    policy: f.policy,
    ...(f.policy === "sequential" ? { mode: f.mode } : {}),
    ...(f.policy === "proximity" ? { order: f.order } : {}),
  };
}

export type MemberForm = { ref: string; serial: Num; weight: Num; lines: string[]; enabled: boolean; rest: Body };
export type RefField = "address" | "pool";

export function memberFrom(field: RefField, v: unknown, at: number): MemberForm {
  const b = (v ?? {}) as Body;
  return {
    ref: text(b[field]),
    serial: b.serial === undefined ? at + 1 : num(b.serial),
    weight: b.weight === undefined ? 1 : num(b.weight),
    lines: b.lines === undefined ? ["default"] : list(b.lines),
    enabled: b.enabled !== false,
    rest: restOf(b, [field, "serial", "weight", "lines", "enabled"]),
  };
}

export function memberTo(field: RefField, m: MemberForm): Body {
  return { ...m.rest, [field]: m.ref, ...given({ serial: m.serial, weight: m.weight }), lines: m.lines, enabled: m.enabled };
}

/** Members in the order of their serials, which is how the form shows them. */
export function membersFrom(field: RefField, v: unknown): MemberForm[] {
  return bySerial((Array.isArray(v) ? v : []).map((m, i) => memberFrom(field, m, i)));
}

export function newMember(ref: string, others: MemberForm[]): MemberForm {
  const last = Math.max(0, ...others.map((m) => Number(m.serial) || 0));
  return { ref, serial: last + 1, weight: 1, lines: ["default"], enabled: true, rest: {} };
}

/** Moves a member to another place; the serials are then those of the places. */
export function moveMember(members: MemberForm[], from: number, to: number): MemberForm[] {
  const out = [...members];
  const [m] = out.splice(from, 1);
  if (!m || to < 0 || to > out.length) return members;
  out.splice(to, 0, m);
  return out.map((x, i) => ({ ...x, serial: i + 1 }));
}

/** Members in the order of their serials; equal serials are ordered by position, as the engine does. */
export function bySerial(members: MemberForm[]): MemberForm[] {
  return members
    .map((m, i) => [m, i] as const)
    .sort(([a, i], [b, j]) => Number(a.serial) - Number(b.serial) || i - j)
    .map(([m]) => m);
}

/** Share of each member in what a weighted policy draws, of 1; disabled members have none. */
export function shares(members: MemberForm[]): number[] {
  const of = members.map((m) => (m.enabled ? Number(m.weight) || 0 : 0));
  const sum = of.reduce((a, b) => a + b, 0);
  return of.map((w) => (sum > 0 ? w / sum : 0));
}

export function missingMembers(list: string, members: MemberForm[]): Record<string, Missing> {
  const out: Record<string, Missing> = {};
  members.forEach((m, i) => {
    if (m.serial === "") out[`${list}[${i}].serial`] = "needed";
    if (m.weight === "") out[`${list}[${i}].weight`] = "needed";
  });
  return out;
}
