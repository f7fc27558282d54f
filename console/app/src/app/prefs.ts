// What a person chose for this browser: density. The colour scheme is Mantine's own,
// the language i18n's.
import { useSyncExternalStore } from "react";
import { keep, kept } from "@/lib/storage";

export type Density = "comfortable" | "compact";

const key = "meridian.density";
const watchers = new Set<() => void>();

function read(): Density {
  return kept(key) === "compact" ? "compact" : "comfortable";
}

export function useDensity(): Density {
  return useSyncExternalStore((w) => {
    watchers.add(w);
    return () => watchers.delete(w);
  }, read);
}

export function setDensity(d: Density): void {
  keep(key, d);
  for (const w of watchers) w();
}
