import type { Slot } from "./Heartbeat";

export function useStrips(_kind: string, _names: string[]): (name: string) => Slot[] | undefined {
  return () => undefined;
}

export function useStrip(_kind: string, _name: string, _last: string): { slots: Slot[] | undefined; error: unknown; refetch: () => void } {
  return { slots: undefined, error: undefined, refetch: () => {} };
}
