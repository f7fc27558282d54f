import { useQuery } from "@tanstack/react-query";
import { $api, api } from "@/api/client";

/** Everything about one line, built-in or custom. */
export function useLine(name: string) {
  return $api.useQuery("get", "/api/v1/lines/{name}/about", { params: { path: { name } } });
}

/** Which lines hold a client, the most specific first. */
export function useClient(client: string | undefined) {
  return useQuery({
    queryKey: ["post", "/api/v1/lines/match", { client }],
    enabled: Boolean(client),
    retry: false,
    queryFn: async ({ signal }) => (await api.POST("/api/v1/lines/match", { body: { client: client ?? "" }, signal })).data?.client,
  });
}

/** How a custom line stands beside the others. */
export function useOverlaps(name: string, cidrs: string[] | undefined) {
  return useQuery({
    queryKey: ["post", "/api/v1/lines/match", { name, cidrs }],
    enabled: cidrs !== undefined && cidrs.length > 0,
    queryFn: async ({ signal }) => (await api.POST("/api/v1/lines/match", { body: { name, cidrs: cidrs ?? [] }, signal })).data?.draft,
  });
}
