import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useDraft } from "@/edit/draft";
import { type Explanation, type Question, requestOf } from "./question";

/** Asks the API; what it said before stays while it is asked again, as when health changes. */
export function useExplain(q: Question | undefined) {
  const draft = useDraft();
  const body = q && requestOf(q, draft);
  const asked = useQuery({
    queryKey: ["post", "/api/v1/explain", body],
    queryFn: async ({ signal }) => (await api.POST("/api/v1/explain", { body: body as never, signal })).data as unknown as Explanation,
    enabled: body !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
  });
  return {
    explanation: body && !asked.error ? asked.data : undefined,
    error: asked.error,
    asking: asked.isFetching,
    complete: body !== undefined,
  };
}
