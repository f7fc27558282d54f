// The one way to the API: types come from its OpenAPI document (schema.gen.ts).
import { QueryClient } from "@tanstack/react-query";
import createFetchClient, { type Middleware } from "openapi-fetch";
import createQueryHooks from "openapi-react-query";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];
export type Problem = Schemas["Error"];

/** What the server says when it does not do as asked, or says nothing (status 0). */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }
  get status(): number {
    return this.problem.status;
  }
  get code(): string {
    return this.problem.code;
  }
}

function nothing(status: number, code: string, detail: string): ApiError {
  return new ApiError({ type: "about:blank", title: "", status, code, detail });
}

/** Told when the session has ended, by router.tsx. */
let whenSignedOut: () => void = () => {};
export function onSignedOut(f: () => void): void {
  whenSignedOut = f;
}

const refusals: Middleware = {
  async onResponse({ response, request }) {
    if (response.ok || response.status === 304) return undefined;
    let problem: Problem | undefined;
    if (response.headers.get("content-type")?.includes("problem+json")) problem = (await response.clone().json()) as Problem;
    if (response.status === 401 && !new URL(request.url).pathname.startsWith("/api/v1/session")) whenSignedOut();
    throw problem
      ? new ApiError(problem)
      : nothing(response.status, "no_answer", `The server answered ${response.status} without saying why.`);
  },
  onError({ error }) {
    if (error instanceof ApiError || (error instanceof DOMException && error.name === "AbortError")) return error as Error;
    return nothing(0, "unreachable", "The server does not answer.");
  },
};

export const api = createFetchClient<paths>({ baseUrl: window.location.origin, credentials: "same-origin" });
api.use(refusals);

/** Query hooks: $api.useQuery("get", "/api/v1/pools", { params: { query: { limit: 50 } } }). */
export const $api = createQueryHooks(api);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      // A refusal stays a refusal; silence may end.
      retry: (n, err) => n < 2 && (!(err instanceof ApiError) || err.status === 0 || err.status >= 502),
      throwOnError: false,
    },
    mutations: { retry: false },
  },
});

/** Throws away what is cached of a path and everything below it, so that pages ask again. */
export function refresh(...prefixes: string[]): void {
  void queryClient.invalidateQueries({
    predicate: (q) => {
      const path = q.queryKey[1];
      return typeof path === "string" && prefixes.some((p) => path.startsWith(`/api/v1${p}`));
    },
  });
}
