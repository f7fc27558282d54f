// How things were over a time, asked for in one call for a whole page of a list.
import { $api, type Schemas } from "@/api/client";
import type { Slot } from "./Heartbeat";

type Strips = Schemas["StripAnswer"];
type Kind = "address" | "pool" | "task" | "vantage";

const words: Record<string, Slot["state"]> = { up: "ok", down: "down", degraded: "degraded", unknown: "none" };

export function slotsOf(answer: Strips, name: string): Slot[] | undefined {
  const strip = answer.strips.find((s) => s.name === name);
  if (!strip) return undefined;
  const from = new Date(answer.from).getTime();
  const step = answer.step_seconds * 1000;
  return strip.slots.map((word, i) => ({ from: from + i * step, until: from + (i + 1) * step, state: words[word] ?? "none" }));
}

function useAnswer(kind: Kind, names: string[], last: string, points: number) {
  return $api.useQuery(
    "get",
    "/api/v1/history/strip",
    // Several of one name: the document knows one, the server takes all.
    { params: { query: { kind, name: names as unknown as string, last, points } } },
    { enabled: names.length > 0, placeholderData: (old) => old, refetchInterval: 60_000, retry: false },
  );
}

/** Strips of a page of a list, over the last day in half hours. */
export function useStrips(kind: Kind, names: string[]): (name: string) => Slot[] | undefined {
  const { data } = useAnswer(kind, names, "24h", 48);
  return (name) => data && slotsOf(data, name);
}

const slotsIn: Record<string, number> = { "1h": 60, "24h": 96, "7d": 168 };

/** One strip in more detail: minutes of an hour, quarters of a day, hours of a week. */
export function useStrip(kind: Kind, name: string, last: string) {
  const { data, error, refetch } = useAnswer(kind, [name], last, slotsIn[last] ?? 96);
  return {
    slots: data && slotsOf(data, name),
    share: data?.strips.find((s) => s.name === name)?.up_share,
    error,
    refetch: () => void refetch(),
  };
}
