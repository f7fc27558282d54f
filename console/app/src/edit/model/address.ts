import type { Body } from "../draft";
import {
  given,
  type MetaForm,
  type Missing,
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
import type { Judgement } from "./pool";

export type TaskForm = { template: string; port: Num; enabled: boolean; rest: Body };
export type LocationForm = { latitude: Num; longitude: Num; rest: Body };

export type AddressForm = MetaForm & {
  name: string;
  address: string;
  mode: "auto" | "manual_available" | "manual_unavailable";
  judgement: Judgement;
  tasks: TaskForm[];
  location?: LocationForm;
  rest: Body;
};

const known = ["name", "address", "mode", "judgement", "tasks", "location", ...metaFields];

export const addressModel: Model<AddressForm> = {
  kind: "address",
  blank: () => addressModel.fromBody({}),
  fromBody: (b) => {
    const l = record(b.location);
    return {
      name: text(b.name),
      address: text(b.address),
      mode: (text(b.mode) || "auto") as AddressForm["mode"],
      judgement: (text(b.judgement) || "any_ok") as Judgement,
      tasks: (Array.isArray(b.tasks) ? b.tasks : []).map((v) => {
        const t = record(v);
        return {
          template: text(t.template),
          port: num(t.port),
          enabled: t.enabled !== false,
          rest: restOf(t, ["template", "port", "enabled"]),
        };
      }),
      ...(b.location === undefined || b.location === null
        ? {}
        : { location: { latitude: num(l.latitude), longitude: num(l.longitude), rest: restOf(l, ["latitude", "longitude"]) } }),
      ...metaFrom(b),
      rest: restOf(b, known),
    };
  },
  toBody: (f) => ({
    ...f.rest,
    name: f.name,
    ...given({ address: f.address }),
    mode: f.mode,
    judgement: f.judgement,
    tasks: f.tasks.map((t) => ({ ...t.rest, template: t.template, ...given({ port: t.port }), enabled: t.enabled })),
    ...(f.location
      ? { location: { ...f.location.rest, ...given({ latitude: f.location.latitude, longitude: f.location.longitude }) } }
      : {}),
    ...metaTo(f),
  }),
  keyOf: (f) => f.name,
  missing: (f) => {
    const out: Record<string, Missing> = missingMeta(f);
    if (!f.name) out.name = "needed";
    if (!f.address) out.address = "needed";
    f.tasks.forEach((t, i) => {
      if (!t.template) out[`tasks[${i}].template`] = "needed";
    });
    if (f.location?.latitude === "") out["location.latitude"] = "needed";
    if (f.location?.longitude === "") out["location.longitude"] = "needed";
    return out;
  },
};

/** Type of pools that an address fits, by how it is written: a guess for the first choice, the API has the word. */
export function familyOf(address: string): "IPv4" | "IPv6" | "domain" {
  if (/^\d+(\.\d+){3}$/.test(address.trim())) return "IPv4";
  return address.includes(":") ? "IPv6" : "domain";
}
