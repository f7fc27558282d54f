// Objects of the draft that somebody else changed since: noticed when the server refuses (412), and live,
// since every revision on the stream makes objects be read again.
import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type Draft, type DraftItem, type Kind, rebase, useDraft } from "./draft";
import { bare, same } from "./model";
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

/** Only the version moved, like that of a zone whose records changed: the draft goes on from the new one by itself. */
export function onlyVersion(item: DraftItem, now: Known | null): boolean {
  return item.base !== undefined && now !== null && now.version !== item.base.version && same(bare(now), item.base.body);
}

export function conflictsOf(d: Draft, now: (Known | null | undefined)[]): Conflict[] {
  return d.items.flatMap((item, i) => {
    const theirs = now[i];
    if (theirs === undefined || !moved(item, theirs) || onlyVersion(item, theirs)) return [];
    return [{ kind: item.kind, key: item.key, item, theirs }];
  });
}

export function useConflicts(): Conflict[] {
  const draft = useDraft();
  const now = useQueries({
    queries: draft.items.map((i) => objectQuery(i.kind, i.key)),
    combine: (all) => all.map((q) => q.data),
  });
  useEffect(() => {
    draft.items.forEach((item, i) => {
      const theirs = now[i];
      if (theirs && onlyVersion(item, theirs)) rebase(item.kind, item.key, item.body, { version: theirs.version, body: bare(theirs) });
    });
  }, [draft, now]);
  return useMemo(() => conflictsOf(draft, now), [draft, now]);
}
