import type { Schemas } from "@/api/client";
import type { State } from "@/components/State";
import { say } from "@/i18n/say";

type Node = Pick<Schemas["Node"], "state" | "ready" | "alarms" | "behind" | "roles">;

/** What is wrong with it, in the reader's language. */
export function alarmsOf(n: Pick<Schemas["Node"], "alarms" | "alarms_said">): string[] {
  return n.alarms_said?.length ? n.alarms_said.map(say) : [...(n.alarms ?? [])];
}

/** A node's state in one word; the words are in machines.node_state_*. */
export function stateOfNode(n: Node): { state: State; word: string } {
  if (n.state === "invited") return { state: "unknown", word: "invited" };
  if (n.state === "silent") return { state: "down", word: "silent" };
  if (n.alarms?.length) return { state: "degraded", word: "alarmed" };
  if (!n.ready && n.roles.includes("resolver")) return { state: "down", word: "unready" };
  if (n.behind > 0) return { state: "stale", word: "behind" };
  return { state: "ok", word: "heard" };
}

export function stateOfVantage(v: Pick<Schemas["Vantage"], "state">): State {
  return v.state === "alive" ? "ok" : v.state === "isolated" ? "stale" : "down";
}
