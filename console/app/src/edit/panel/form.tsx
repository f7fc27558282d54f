// The state of one form in the panel. An object that exists is edited in the draft itself: each change
// is staged at once, and taken out again when it is undone. A new object is held here until it is added.
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo, useRef, useState } from "react";
import { useCan } from "@/api/session";
import { i18n } from "@/i18n";
import { type Check, type Placed, useCheck } from "../check";
import { type Body, type DraftItem, draftItem, type Kind, stage, unstage, useDraft } from "../draft";
import type { FormState } from "../fields";
import { models, same } from "../model";
import { bare, type Model } from "../model/common";
import { type Known, useObject } from "../objects";

export type Editing<F> = {
  form: F;
  set: (patch: Partial<F>) => void;
  isNew: boolean;
  state: FormState;
  check: Check;
  /** The object as the server has it. */
  known: Known | null | undefined;
  item: DraftItem | undefined;
  /** Findings that belong to no field of this form. */
  loose: Placed[];
};

/** A value at a path such as pools[1].weight. */
export function at(o: unknown, path: string): unknown {
  let v: unknown = o;
  for (const k of path.split(/[.[\]]+/).filter(Boolean)) {
    if (typeof v !== "object" || v === null) return undefined;
    v = (v as Record<string, unknown>)[k];
  }
  return v;
}

const topOf = (path: string) => path.split(/[.[]/)[0] ?? path;

/** Edits an object that exists, on the server or in the draft. */
export function useStaged<F extends object>(model: Model<F>, key: string): Editing<F> | undefined | null {
  const { kind } = model;
  const draft = useDraft();
  const can = useCan("operator");
  const { data: known, isLoading } = useObject(kind, key);
  const item = draft.items.find((i) => i.kind === kind && i.key === key);
  const check = useCheck();
  // What is typed and not yet a number is held here, not staged.
  const [held, setHeld] = useState<F | undefined>();
  const base = item?.base?.body ?? (item ? undefined : known ? bare(known) : undefined);
  const staged = item?.op === "put" ? item.body : base;
  const before = useMemo(() => (base ? model.fromBody(base) : undefined), [base, model]);
  const now = useMemo(() => held ?? (staged ? model.fromBody(staged) : undefined), [held, staged, model]);
  // The newest form, for several changes in one tick.
  const latest = useRef(now);
  latest.current = now;
  if (!now) return isLoading ? undefined : null;

  const put = (next: F) => {
    latest.current = next;
    if (Object.keys(model.missing(next)).length > 0) {
      setHeld(next);
      return;
    }
    setHeld(undefined);
    const body = model.toBody(next);
    if (base && same(body, model.toBody(model.fromBody(base)))) unstage(kind, key);
    else
      stage({ kind, key, op: "put", body, ...(base ? { base: { version: item?.base?.version ?? known?.version ?? 0, body: base } } : {}) });
  };
  const set = (patch: Partial<F>) => put({ ...(latest.current ?? now), ...patch });
  const findings = check.findings.filter((f) => f.kind === kind && f.key === key);
  return {
    form: now,
    set,
    isNew: false,
    check,
    known,
    item,
    loose: unplaced(findings),
    state: {
      findings: item ? findings : [],
      missing: model.missing(now),
      strict: true,
      readOnly: !can || item?.op === "delete",
      was: (path) => (before ? at(before, path) : undefined),
      restore: (path) => {
        const top = topOf(path);
        if (!before) return;
        // A field in a part of the form is restored with its part alone, when that is an object.
        const parts = path.split(".");
        if (parts.length === 2 && !path.includes("[")) {
          const part = (latest.current as Body | undefined)?.[top] as Body;
          set({ [top]: { ...part, [parts[1] ?? ""]: at(before, path) } } as Partial<F>);
        } else set({ [top]: (before as Body)[top] } as Partial<F>);
      },
    },
  };
}

/** Writes a new object, judged together with the draft, and puts it there when it is added. */
export function useFresh<F extends object>(model: Model<F>, initial?: Body): Editing<F> & { add: () => string | undefined } {
  const { kind } = model;
  const can = useCan("operator");
  const [form, setForm] = useState<F>(() => (initial ? model.fromBody({ ...model.toBody(model.blank()), ...initial }) : model.blank()));
  const [strict, setStrict] = useState(false);
  const key = model.keyOf(form);
  const missing = model.missing(form);
  const whole = Object.keys(missing).length === 0;
  const extra = useMemo<DraftItem | undefined>(
    () => (whole ? { kind, key, op: "put", body: model.toBody(form) } : undefined),
    [whole, kind, key, form, model],
  );
  const check = useCheck(extra, whole);
  const [late] = useDebouncedValue(whole ? key : "", 300);
  const { data: there } = useObject(kind, late === key ? late : "");
  const taken = whole && (Boolean(there) || draftItem(kind, key)?.op === "put");
  const findings = whole ? check.findings.filter((f) => f.kind === kind && f.key === key) : [];
  const exists: Placed[] = taken
    ? [{ kind, key, field: "name", severity: "error", code: "exists", text: i18n.t("edit:taken"), said: { code: "", message: "" } }]
    : [];
  return {
    form,
    set: (patch) => setForm((f) => ({ ...f, ...patch })),
    isNew: true,
    check,
    known: undefined,
    item: undefined,
    loose: unplaced(findings),
    state: { findings: [...exists, ...findings], missing, strict, readOnly: !can, was: () => undefined },
    add: () => {
      setStrict(true);
      if (!whole || taken) return undefined;
      stage({ kind, key, op: "put", body: model.toBody(form) });
      return key;
    },
  };
}

/** Findings about the whole object. */
function unplaced(findings: Placed[]): Placed[] {
  return findings.filter((f) => f.field === "");
}

export function modelOf(kind: Kind): Model<object> | undefined {
  return models[kind] as Model<object> | undefined;
}
