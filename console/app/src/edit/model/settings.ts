// Settings, and zones, which have the same values for themselves.
import type { Body } from "../draft";
import {
  given,
  list,
  type MetaForm,
  type Model,
  metaFields,
  metaFrom,
  metaTo,
  missingMeta,
  type Num,
  num,
  record,
  restOf,
  text,
} from "./common";
import { canonicalName } from "./domain";

export const soaNumbers = ["ttl", "refresh", "retry", "expire", "negative_ttl"] as const;

export type SOAForm = { contact: string; mname: string; rest: Body } & Record<(typeof soaNumbers)[number], Num>;

export type SettingsForm = MetaForm & { nameservers: string[]; soa: SOAForm; rest: Body };
export type ZoneForm = SettingsForm & { name: string };

function soaFrom(v: unknown): SOAForm {
  const b = record(v);
  const numbers = Object.fromEntries(soaNumbers.map((k) => [k, num(b[k])])) as Record<(typeof soaNumbers)[number], Num>;
  return { contact: text(b.contact), mname: text(b.mname), ...numbers, rest: restOf(b, ["contact", "mname", ...soaNumbers]) };
}

function soaTo(f: SOAForm): Body {
  return { ...f.rest, ...given({ contact: f.contact, mname: f.mname, ...Object.fromEntries(soaNumbers.map((k) => [k, f[k]])) }) };
}

function from(b: Body, known: string[]): SettingsForm {
  return { nameservers: list(b.nameservers), soa: soaFrom(b.soa), ...metaFrom(b), rest: restOf(b, known) };
}

function to(f: SettingsForm): Body {
  const soa = soaTo(f.soa);
  return {
    ...f.rest,
    ...(f.nameservers.length > 0 ? { nameservers: f.nameservers } : {}),
    ...(Object.keys(soa).length > 0 ? { soa } : {}),
    ...metaTo(f),
  };
}

export const settingsModel: Model<SettingsForm> = {
  kind: "settings",
  blank: () => settingsModel.fromBody({}),
  // The map of locations is not edited: geo update sets it, and it stays when it is left out.
  fromBody: (b) => from(restOf(b, ["geo_map"]), ["nameservers", "soa", ...metaFields]),
  toBody: to,
  keyOf: () => "settings",
  missing: missingMeta,
};

export const zoneModel: Model<ZoneForm> = {
  kind: "zone",
  blank: () => zoneModel.fromBody({}),
  fromBody: (b) => ({ name: text(b.name), ...from(restOf(b, ["serial"]), ["name", "nameservers", "soa", ...metaFields]) }),
  toBody: (f) => {
    const { name, ...rest } = f;
    return { ...to(rest), name };
  },
  keyOf: (f) => canonicalName(f.name),
  missing: (f) => ({ ...(f.name ? {} : { name: "needed" as const }), ...missingMeta(f) }),
};
