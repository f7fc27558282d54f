// Asks for all that a canvas is drawn from and lays the draft over it.
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { $api, ApiError } from "@/api/client";
import { useDraft } from "@/edit/draft";
import { draw, type Extras, missing, noExtras } from "./model";
import type { Canvas, DomainGraph, View } from "./types";

const graphPath = "/api/v1/access-domains/{name}/{type}/graph" as const;

export type Orchestration = {
  canvas?: Canvas | undefined;
  graph?: DomainGraph | undefined;
  extras: Extras;
  loading: boolean;
  error?: unknown;
  retry: () => void;
};

export function useOrchestration(name: string, type: string, view: View): Orchestration {
  const draft = useDraft();
  const key = `${name}/${type}`;
  const asked = $api.useQuery(
    "get",
    graphPath,
    { params: { path: { name, type } } },
    { placeholderData: (old) => (old?.domain.key === key ? old : undefined) },
  );
  const graph = asked.data;
  const gone = asked.error instanceof ApiError && asked.error.status === 404;

  const firstPools = useMemo(() => missing(graph, draft, key, noExtras).pools, [graph, draft, key]);
  const pools = useQueries({
    queries: firstPools.map((p) =>
      $api.queryOptions("get", "/api/v1/pools/{name}/graph", { params: { path: { name: p } } }, { retry: false }),
    ),
    combine: (r) => r.flatMap((q) => (q.data ? [q.data] : [])),
  });
  const lacking = useMemo(() => missing(graph, draft, key, { pools, addresses: [] }).addresses, [graph, draft, key, pools]);
  const addresses = useQueries({
    queries: lacking.map((a) => $api.queryOptions("get", "/api/v1/addresses/{name}", { params: { path: { name: a } } }, { retry: false })),
    combine: (r) => r.flatMap((q) => (q.data ? [q.data] : [])),
  });
  const extras = useMemo(() => ({ pools, addresses }), [pools, addresses]);
  const canvas = useMemo(
    () => (graph || gone ? draw(key, gone ? undefined : graph, draft, view, extras) : undefined),
    [key, graph, gone, draft, view, extras],
  );
  return {
    canvas,
    graph: gone ? undefined : graph,
    extras,
    loading: asked.isPending,
    error: asked.error && !(gone && canvas) ? asked.error : undefined,
    retry: () => void asked.refetch(),
  };
}
