import type { Body } from "../draft";
import { type MetaForm, type Model, metaFields, metaFrom, metaTo, missingMeta, type Num, num, restOf, text } from "./common";
import {
  type MemberForm,
  membersFrom,
  memberTo,
  missingMembers,
  type SteeringForm,
  steeringFields,
  steeringFrom,
  steeringTo,
} from "./steering";

export type Judgement = "any_ok" | "p30_ok" | "p50_ok" | "p70_ok" | "all_ok";
export const judgements: Judgement[] = ["any_ok", "p30_ok", "p50_ok", "p70_ok", "all_ok"];

export type PoolForm = MetaForm &
  SteeringForm & {
    name: string;
    type: "IPv4" | "IPv6" | "domain";
    answers: Num;
    judgement: Judgement;
    members: MemberForm[];
    rest: Body;
  };

const known = ["name", "type", "answers", "judgement", "members", ...metaFields, ...steeringFields];

export const poolModel: Model<PoolForm> = {
  kind: "pool",
  blank: () => poolModel.fromBody({ type: "IPv4" }),
  fromBody: (b) => ({
    name: text(b.name),
    type: (text(b.type) || "IPv4") as PoolForm["type"],
    ...steeringFrom(b),
    answers: num(b.answers),
    judgement: (text(b.judgement) || "any_ok") as Judgement,
    members: membersFrom("address", b.members),
    ...metaFrom(b),
    rest: restOf(b, known),
  }),
  toBody: (f) => ({
    ...f.rest,
    name: f.name,
    type: f.type,
    ...steeringTo(f),
    ...(f.answers !== "" && hasAnswers(f) ? { answers: f.answers } : {}),
    judgement: f.judgement,
    members: f.members.map((m) => memberTo("address", m)),
    ...metaTo(f),
  }),
  keyOf: (f) => f.name,
  missing: (f) => ({
    ...(f.name ? {} : { name: "needed" as const }),
    ...missingMembers("members", f.members),
    ...missingMeta(f),
  }),
};

/** Whether the policy knows how many addresses an answer holds. */
export function hasAnswers(f: Pick<PoolForm, "policy">): boolean {
  return f.policy === "weighted" || f.policy === "round_robin";
}
