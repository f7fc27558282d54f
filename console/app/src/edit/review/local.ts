// The draft's structural diff: each object as it was against what the draft makes of it.
import type { Schemas } from "@/api/client";
import type { Draft, DraftItem } from "../draft";
import { same } from "../model";

export function changeOf(i: DraftItem): Schemas["ObjectChange"] {
  const before = i.base?.body ?? {};
  const after = i.op === "delete" ? {} : (i.body ?? {});
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return {
    kind: i.kind,
    name: i.key,
    action: i.op === "delete" ? "delete" : i.base ? "update" : "create",
    fields: keys
      .filter((k) => !same(before[k], after[k]))
      .map((k) => ({
        field: k,
        ...(before[k] === undefined ? {} : { before: before[k] }),
        ...(after[k] === undefined ? {} : { after: after[k] }),
      })),
  };
}

const order = ["settings", "zone", "record", "access_domain", "pool", "address", "template", "line", "assertion"];

/** In the order of the way from names to endpoints. */
export function changesOf(d: Draft): Schemas["ObjectChange"][] {
  return [...d.items].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.key.localeCompare(b.key)).map(changeOf);
}
