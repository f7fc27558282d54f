// What the API says of the draft: each finding at its object and field, and the effect on answers.
// There is no second set of rules in the browser. The draft is sent without versions: whether
// somebody else changed an object meanwhile is another question (conflicts.ts).
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError, api, type Problem, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import type { Said as Sentence } from "@/i18n/say";
import { changeRequest, type Draft, type DraftItem, type Kind, useDraft } from "./draft";

/** A finding; said is its sentence with a code, so that it can be said in the reader's language. */
export type Said = Schemas["Finding"] & { said?: Sentence };
export type Placed = { kind: Kind | ""; key: string; field: string; severity: "error" | "warning"; code: string; text: string; said: Said };

export type Check = {
  /** empty: nothing to check; checking: the first answer is awaited; failed: the server did not judge. */
  state: "empty" | "checking" | "good" | "bad" | "failed";
  /** An older draft was judged; the judgement of this one is on its way. */
  pending: boolean;
  findings: Placed[];
  errors: number;
  effect?: Schemas["Effect"];
  changes?: Schemas["ObjectChange"][];
  /** Why the server does not let this person apply it. */
  denied?: Problem;
  error?: unknown;
};

type Judged = Pick<Check, "findings" | "effect" | "changes" | "denied"> & { bad: boolean };

/** Places the findings of a refusal or of warnings: structural ones name their place in the request. */
export function place(found: Said[], severity: Placed["severity"], puts: Pick<DraftItem, "kind" | "key">[]): Placed[] {
  return found.map((f) => {
    const m = /^put\[(\d+)\](?:\.body)?\.?(.*)$/.exec(f.field ?? "");
    const of = m ? puts[Number(m[1])] : undefined;
    return {
      kind: of ? of.kind : ((f.kind ?? "") as Kind | ""),
      key: of ? of.key : (f.name ?? ""),
      field: of ? (m?.[2] ?? "") : (f.field ?? ""),
      severity,
      code: f.code,
      text: f.message,
      said: f,
    };
  });
}

async function judge(d: Draft, operator: boolean, signal: AbortSignal): Promise<Judged> {
  const body = changeRequest({ ...d, items: d.items.map(({ base: _, ...i }) => i) });
  const puts = d.items.filter((i) => i.op === "put");
  const ask = async (dry: boolean): Promise<Judged> => {
    const { data } = dry
      ? await api.POST("/api/v1/changes", { params: { query: { dry_run: true } }, body, signal })
      : await api.POST("/api/v1/preview", { body, signal });
    const p = data as Schemas["Preview"] | undefined;
    return {
      findings: place(p?.warnings ?? [], "warning", puts),
      ...(p ? { effect: p.effect, changes: p.changes } : {}),
      bad: false,
    };
  };
  const judged = async (dry: boolean): Promise<Judged> => {
    try {
      return await ask(dry);
    } catch (err) {
      if (err instanceof ApiError && err.problem.errors && (err.status === 422 || err.status === 409 || err.status === 400))
        return { findings: place(err.problem.errors, "error", puts), bad: true };
      throw err;
    }
  };
  if (!operator) return judged(false);
  try {
    return await judged(true);
  } catch (err) {
    // Findings and effect are for everybody to see; what one may not do is said besides.
    if (err instanceof ApiError && err.status === 403) return { ...(await judged(false)), denied: err.problem };
    throw err;
  }
}

/** Judges the draft, with one more item where a new object is just being written. */
export function useCheck(extra?: DraftItem, on = true): Check {
  const draft = useDraft();
  const operator = useCan("operator");
  const whole = useMemo<Draft>(
    () => (extra ? { ...draft, items: [...draft.items.filter((i) => i.kind !== extra.kind || i.key !== extra.key), extra] } : draft),
    [draft, extra],
  );
  const [late] = useDebouncedValue(whole, 350);
  const empty = whole.items.length === 0;
  const { data, error, isFetching } = useQuery({
    queryKey: ["post", "/api/v1/preview", operator, late.items],
    queryFn: ({ signal }) => judge(late, operator, signal),
    enabled: on && late.items.length > 0,
    placeholderData: keepPreviousData,
    gcTime: 30_000,
  });
  return useMemo(() => {
    if (empty) return { state: "empty", pending: false, findings: [], errors: 0 };
    const pending = isFetching || late !== whole;
    if (error) return { state: "failed", pending, findings: [], errors: 0, error };
    if (!data) return { state: "checking", pending, findings: [], errors: 0 };
    const errors = data.findings.filter((f) => f.severity === "error").length;
    return {
      state: data.bad ? "bad" : "good",
      pending,
      findings: data.findings,
      errors,
      ...(data.effect ? { effect: data.effect } : {}),
      ...(data.changes ? { changes: data.changes } : {}),
      ...(data.denied ? { denied: data.denied } : {}),
    };
  }, [data, error, isFetching, empty, late, whole]);
}
