// Objects of the draft that somebody else changed since: noticed when the server refuses (412), and live,
// since every revision on the stream makes objects be read again.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Draft, type DraftItem, type Kind, useDraft } from "./draft";
import { type Known, objectQuery } from "./objects";

export type Conflict = {
  kind: Kind;
  key: string;
  item: DraftItem;
  /** As it is now; null: it is gone. */
  theirs: Known | null;
};

/** Whether an object is not what the draft was based on. */
export function moved(item: DraftItem, now: Known | null): boolean {
  if (!item.base) return now !== null && item.op === "put";
  return now === null || now.version !== item.base.version;
}

export function conflictsOf(d: Draft, now: (Known | null | undefined)[]): Conflict[] {
  return d.items.flatMap((item, i) => {
    const theirs = now[i];
    if (theirs === undefined || !moved(item, theirs)) return [];
    return [{ kind: item.kind, key: item.key, item, theirs }];
  });
}

export function useConflicts(): Conflict[] {
  const draft = useDraft();
  const now = useQueries({
    queries: draft.items.map((i) => objectQuery(i.kind, i.key)),
    combine: (all) => all.map((q) => q.data),
  });
  return useMemo(() => conflictsOf(draft, now), [draft, now]);
}
