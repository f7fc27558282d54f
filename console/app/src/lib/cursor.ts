// Pages by cursor: the API gives the next one; the way back is remembered here.
import { useState } from "react";
import type { Paging } from "@/components/DataTable";

export const pageSize = 50;

/** Holds the cursors of the pages seen; starts again when what is asked for (reset) changes. */
export function useCursor(reset: string) {
  const [state, set] = useState<{ reset: string; trail: string[] }>({ reset, trail: [] });
  const trail = state.reset === reset ? state.trail : [];
  const cursor = trail.at(-1);
  const paging = (answer: { items: unknown[]; total?: number; next_cursor?: string } | undefined): Paging => ({
    total: answer?.total,
    shown: answer?.items.length ?? 0,
    from: trail.length * pageSize + 1,
    next: answer?.next_cursor ? () => set({ reset, trail: [...trail, answer.next_cursor as string] }) : undefined,
    previous: trail.length > 0 ? () => set({ reset, trail: trail.slice(0, -1) }) : undefined,
  });
  return { cursor, paging };
}
