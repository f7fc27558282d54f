// The state of a page in its address: filters, tabs, selections.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** What a route takes from the address: words by name, everything else left out. */
export function textSearch<K extends string>(...names: K[]): (s: Record<string, unknown>) => Partial<Record<K, string>> {
  return (s) => {
    const out: Partial<Record<K, string>> = {};
    for (const n of names) {
      const v = s[n];
      if (typeof v === "string" && v !== "") out[n] = v;
      else if (typeof v === "number" || typeof v === "boolean") out[n] = String(v);
    }
    return out;
  };
}

/** Reads and changes the page's part of the address; an empty value goes. Typing in a filter makes no history. */
export function useSearchState<T extends Record<string, string | undefined>>(): [T, (patch: Partial<T>, push?: boolean) => void] {
  const search = useSearch({ strict: false }) as T;
  const navigate = useNavigate();
  const set = useCallback(
    (patch: Partial<T>, push = false) => {
      void navigate({
        to: ".",
        replace: !push,
        resetScroll: false,
        search: ((s: Record<string, unknown>) => {
          const next = { ...s, ...patch };
          return Object.fromEntries(Object.entries(next).filter(([, v]) => v !== undefined && v !== ""));
        }) as never,
      });
    },
    [navigate],
  );
  return [search, set];
}

/** A word of the address as text: the router takes numbers and booleans for such. */
export const text = (v: unknown): string | undefined =>
  typeof v === "string" && v !== "" ? v : typeof v === "number" || typeof v === "boolean" ? String(v) : undefined;

export function oneOf<T extends string>(v: unknown, of: readonly T[]): T | undefined {
  const s = text(v);
  return of.find((x) => x === s);
}
