// How the API's words for health become the states that the console shows.
import type { State } from "@/components/State";

export type Grade = "ok" | "ok_alert" | "exceptional" | "unknown" | "unmonitored" | "disabled";
export const grades: readonly Grade[] = ["exceptional", "ok_alert", "unknown", "unmonitored", "ok", "disabled"];

const ofGrade: Record<Grade, State> = {
  ok: "ok",
  ok_alert: "degraded",
  exceptional: "down",
  unknown: "unknown",
  unmonitored: "unknown",
  disabled: "disabled",
};

export function stateOfGrade(g: string | undefined): State {
  return ofGrade[g as Grade] ?? "unknown";
}

/** Of a health task: its verdict, unless too few vantages vote. */
export function stateOfTask(t: { state: string; stale?: boolean }): State {
  if (t.stale && t.state !== "unknown") return "stale";
  return t.state === "up" ? "ok" : t.state === "down" ? "down" : "unknown";
}

/** Of a word in a transition. */
export function stateOfWord(w: string): State {
  switch (w) {
    case "up":
    case "available":
    case "alive":
    case "heard":
    case "ok":
    case "good":
      return "ok";
    case "down":
    case "unavailable":
    case "lost":
    case "silent":
    case "failed":
    case "exceptional":
      return "down";
    case "isolated":
    case "stale":
      return "stale";
    case "degraded":
    case "ok_alert":
      return "degraded";
    case "disabled":
      return "disabled";
    case "withdrawn":
    case "drained":
      return "withdrawn";
  }
  return "unknown";
}

/** Labels against key=value pairs with commas: all must be there. */
export function matches(selector: string | undefined, labels: Record<string, string> | undefined): boolean {
  if (!selector) return false;
  return selector.split(",").every((pair) => {
    const at = pair.indexOf("=");
    return at > 0 && labels?.[pair.slice(0, at)] === pair.slice(at + 1);
  });
}
