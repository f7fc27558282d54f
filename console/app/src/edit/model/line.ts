import type { Body } from "../draft";
import { list, type MetaForm, type Model, metaFields, metaFrom, metaTo, missingMeta, restOf, text } from "./common";

export type LineForm = MetaForm & { name: string; cidrs: string[]; rest: Body };

export const lineModel: Model<LineForm> = {
  kind: "line",
  blank: () => lineModel.fromBody({}),
  fromBody: (b) => ({ name: text(b.name), cidrs: list(b.cidrs), ...metaFrom(b), rest: restOf(b, ["name", "cidrs", ...metaFields]) }),
  toBody: (f) => ({ ...f.rest, name: f.name, cidrs: f.cidrs, ...metaTo(f) }),
  keyOf: (f) => f.name,
  missing: (f) => ({
    ...(f.name ? {} : { name: "needed" as const }),
    ...(f.cidrs.length > 0 ? {} : { cidrs: "needed" as const }),
    ...missingMeta(f),
  }),
};

/** CIDRs out of pasted text: one a line, or set apart by commas and blanks; # begins a remark. */
export function splitCidrs(pasted: string): string[] {
  return [
    ...new Set(
      pasted
        .split("\n")
        .flatMap((l) => (l.split("#")[0] ?? "").split(/[\s,;，；]+/))
        .filter(Boolean),
    ),
  ];
}
