// The emergency switches: changes of one object that go past the draft. Each is asked dry first, so that
// its effect is seen, and tells how it is undone.
import { api, type Schemas } from "@/api/client";
import type { Body, Kind } from "../draft";
import { bare } from "../model";
import type { Known } from "../objects";

export type Act =
  | { do: "disable" | "enable" }
  | { do: "manual_available" | "manual_unavailable" | "auto" }
  | { do: "drain"; for: string }
  | { do: "clear"; override: string };

export type Outcome = { revision: number; effect?: Schemas["Effect"]; warnings: Schemas["Finding"][]; undo?: Undo };
export type Undo = { revert: number } | { clear: string } | { again: Schemas["OverrideRequest"] };

/** The target of an override, as the API writes it. */
export function targetOf(kind: Kind, key: string): string {
  return `${kind === "access_domain" ? "access-domain" : kind}/${key}`;
}

function bodyFor(act: Act, known: Known): Body {
  const body = bare(known);
  switch (act.do) {
    case "disable":
      return { ...body, enabled: false };
    case "enable":
      return { ...body, enabled: true };
    case "manual_available":
    case "manual_unavailable":
    case "auto":
      return { ...body, mode: act.do };
    default:
      return body;
  }
}

export async function run(
  act: Act,
  kind: Kind,
  key: string,
  known: Known,
  reason: string,
  dry: boolean,
  signal?: AbortSignal,
): Promise<Outcome> {
  const query = dry ? { dry_run: true } : {};
  const signalled = signal ? { signal } : {};
  if (act.do === "drain") {
    const { data } = await api.POST("/api/v1/overrides", {
      params: { query },
      body: { action: "drain", target: targetOf(kind, key), ...(act.for ? { for: act.for } : {}), ...(reason ? { reason } : {}) },
      ...signalled,
    });
    const d = data as Schemas["OverrideResult"];
    return { revision: d.revision, effect: d.effect, warnings: d.warnings, ...(d.override ? { undo: { clear: d.override.id } } : {}) };
  }
  if (act.do === "clear") {
    const { data } = await api.DELETE("/api/v1/overrides/{id}", { params: { path: { id: act.override }, query }, ...signalled });
    const d = data as Schemas["OverrideResult"];
    const o = known.override;
    const again = o && o.id === act.override ? { undo: { again: orderAgain(o) } } : {};
    return { revision: d.revision, effect: d.effect, warnings: d.warnings, ...again };
  }
  const { data } = await api.POST("/api/v1/changes", {
    params: { query },
    body: { put: [{ kind, body: bodyFor(act, known), version: known.version }], ...(reason ? { comment: reason } : {}) },
    ...signalled,
  });
  const d = data as Schemas["ChangeResult"];
  return { revision: d.revision, warnings: d.warnings, ...(d.effect ? { effect: d.effect } : {}), undo: { revert: d.revision } };
}

/** An override as it was, for the time that it had left. */
function orderAgain(o: Schemas["Ordered"]): Schemas["OverrideRequest"] {
  const left = o.ends_at ? Math.max(1, Math.round((new Date(o.ends_at).getTime() - Date.now()) / 1000)) : undefined;
  return {
    action: o.action,
    ...(o.target ? { target: o.target } : {}),
    ...(o.selector ? { selector: o.selector } : {}),
    ...(o.reason ? { reason: o.reason } : {}),
    ...(left ? { for: `${left}s` } : {}),
  };
}

export async function undo(u: Undo, comment: string): Promise<void> {
  if ("revert" in u)
    await api.POST("/api/v1/revisions/{number}/revert", { params: { path: { number: String(u.revert) }, query: { comment } } });
  else if ("again" in u) await api.POST("/api/v1/overrides", { body: u.again });
  else await api.DELETE("/api/v1/overrides/{id}", { params: { path: { id: u.clear } } });
}
