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

export type DomainForm = MetaForm &
  SteeringForm & {
    name: string;
    type: "A" | "AAAA" | "CNAME";
    ttl: Num;
    unmatched: "fallback" | "nodata";
    all_down: "serve_all" | "nodata";
    pools: MemberForm[];
    rest: Body;
  };

const known = ["name", "type", "ttl", "unmatched", "all_down", "pools", ...metaFields, ...steeringFields];

export const domainModel: Model<DomainForm> = {
  kind: "access_domain",
  blank: () => domainModel.fromBody({ type: "A", ttl: 60 }),
  fromBody: (b) => ({
    name: text(b.name),
    type: (text(b.type) || "A") as DomainForm["type"],
    ttl: b.ttl === undefined ? 60 : num(b.ttl),
    ...steeringFrom(b),
    unmatched: (text(b.unmatched) || "fallback") as DomainForm["unmatched"],
    all_down: (text(b.all_down) || "serve_all") as DomainForm["all_down"],
    pools: membersFrom("pool", b.pools),
    ...metaFrom(b),
    rest: restOf(b, known),
  }),
  toBody: (f) => ({
    ...f.rest,
    name: f.name,
    type: f.type,
    ...(f.ttl === "" ? {} : { ttl: f.ttl }),
    ...steeringTo(f),
    unmatched: f.unmatched,
    all_down: f.all_down,
    pools: f.pools.map((m) => memberTo("pool", m)),
    ...metaTo(f),
  }),
  keyOf: (f) => (f.name ? `${canonicalName(f.name)}/${f.type}` : ""),
  missing: (f) => ({
    ...(f.name ? {} : { name: "needed" as const }),
    ...(f.ttl === "" ? { ttl: "needed" as const } : {}),
    ...missingMembers("pools", f.pools),
    ...missingMeta(f),
  }),
};

/** A name as the server writes it: small letters, no final dot. */
export function canonicalName(n: string): string {
  return n.trim().toLowerCase().replace(/\.$/, "");
}

/** Type of the pools that a record type takes. */
export const poolTypeOf = { A: "IPv4", AAAA: "IPv6", CNAME: "domain" } as const;
