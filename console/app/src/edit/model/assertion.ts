import type { Body } from "../draft";
import { given, type MetaForm, type Model, metaFields, metaFrom, metaTo, missingMeta, record, restOf, text } from "./common";
import { canonicalName } from "./domain";

export type AssertionForm = MetaForm & {
  name: string;
  type: "A" | "AAAA" | "CNAME";
  line: string;
  expect: { what: "pool" | "address"; value: string; rest: Body };
  rest: Body;
};

const known = ["name", "type", "line", "expect", ...metaFields];

export const assertionModel: Model<AssertionForm> = {
  kind: "assertion",
  blank: () => assertionModel.fromBody({ type: "A", line: "default" }),
  fromBody: (b) => {
    const e = record(b.expect);
    const what = typeof e.address === "string" && e.address ? "address" : "pool";
    return {
      name: text(b.name),
      type: (text(b.type) || "A") as AssertionForm["type"],
      line: text(b.line) || "default",
      expect: { what, value: text(e[what]), rest: restOf(e, [what]) },
      ...metaFrom(b),
      rest: restOf(b, known),
    };
  },
  toBody: (f) => ({
    ...f.rest,
    name: f.name,
    type: f.type,
    line: f.line,
    expect: { ...f.expect.rest, ...given({ [f.expect.what]: f.expect.value }) },
    ...metaTo(f),
  }),
  keyOf: (f) => (f.name ? `${canonicalName(f.name)}/${f.type}@${f.line}` : ""),
  missing: (f) => ({
    ...(f.name ? {} : { name: "needed" as const }),
    ...(f.expect.value ? {} : { [`expect.${f.expect.what}`]: "needed" as const }),
    ...missingMeta(f),
  }),
};
