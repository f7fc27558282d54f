// Whether a panel is open: the bar of the draft then gives way, since the panel has its own.
import { useEffect, useSyncExternalStore } from "react";

let panels = 0;
const watchers = new Set<() => void>();
const tell = () => {
  for (const w of watchers) w();
};

export function usePanelOpen(): void {
  useEffect(() => {
    panels++;
    tell();
    return () => {
      panels--;
      tell();
    };
  }, []);
}

export function useIsPanelOpen(): boolean {
  return useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => panels > 0,
  );
}
