// Who is signed in, and what they may do.
import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { ApiError, api, queryClient, type Schemas } from "./client";

export type Who = Schemas["WhoAnswer"];
export type Role = "viewer" | "operator" | "admin";

const rank: Record<string, number> = { viewer: 1, operator: 2, admin: 3 };

export const whoQuery = queryOptions({
  queryKey: ["get", "/api/v1/session"],
  queryFn: async ({ signal }): Promise<Who | null> => {
    try {
      const { data } = await api.GET("/api/v1/session", { signal });
      return data ?? null;
    } catch (err) {
      if (err instanceof ApiError && err.status === 401) return null;
      throw err;
    }
  },
  staleTime: 60_000,
});

/** Inside the shell somebody is signed in: the route sees to it. */
export function useWho(): Who {
  const { data } = useSuspenseQuery(whoQuery);
  return data ?? { kind: "user", id: "", name: "", role: "", grants: [] };
}

/** Whether one holds a role, whole or for some labels; the API has the last word. */
export function useCan(role: Role): boolean {
  return (rank[useWho().role] ?? 0) >= (rank[role] ?? 9);
}

export async function signOut(): Promise<void> {
  await api.DELETE("/api/v1/session");
  queryClient.clear();
}
