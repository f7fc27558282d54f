// Queries per second of each node, from the counters that nodes send: the difference of two looks.
import { useEffect, useRef, useState } from "react";
import type { Schemas } from "@/api/client";

type Node = Pick<Schemas["Node"], "id" | "queries" | "sent" | "started">;
type Sample = { at: number; queries: number; started: string };

/** By the node's own clock, so that the way to here does not matter; undefined until it was heard twice. */
export function rateOf(before: Sample | undefined, now: Sample): number | undefined {
  if (!before || before.started !== now.started) return undefined;
  const s = (now.at - before.at) / 1000;
  return s > 0 && now.queries >= before.queries ? (now.queries - before.queries) / s : undefined;
}

export function useRates(nodes: Node[] | undefined): Map<string, number> {
  const seen = useRef(new Map<string, Sample>());
  const [rates, setRates] = useState(new Map<string, number>());
  useEffect(() => {
    if (!nodes) return;
    setRates((old) => {
      const next = new Map(old);
      for (const n of nodes) {
        if (!n.sent) continue;
        const now = { at: new Date(n.sent).getTime(), queries: n.queries ?? 0, started: n.started ?? "" };
        const before = seen.current.get(n.id);
        if (before && before.at === now.at) continue;
        const r = rateOf(before, now);
        if (r !== undefined) next.set(n.id, r);
        seen.current.set(n.id, now);
      }
      return next;
    });
  }, [nodes]);
  return rates;
}
