// Colours of charts are the theme's: read from its variables whenever the scheme changes, since a
// canvas does not follow CSS by itself.
import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";

export type Look = {
  text: string;
  dimmed: string;
  body: string;
  border: string;
  /** Series in their order; eight that people with any colour vision tell apart, more begin anew. */
  palette: string[];
  state: (color: string) => string;
  font: string;
  dark: boolean;
};

const paletteSize = 8;

export function readLook(dark: boolean): Look {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: get("--mantine-color-text"),
    dimmed: get("--mantine-color-dimmed"),
    body: get("--mantine-color-body"),
    border: get("--mantine-color-default-border"),
    palette: Array.from({ length: paletteSize }, (_, i) => get(`--m-chart-${i + 1}`)),
    state: (color) => get(`--m-state-${color}`),
    font: get("--mantine-font-family"),
    dark,
  };
}

export function useLook(): Look {
  const scheme = useComputedColorScheme("light");
  return useMemo(() => readLook(scheme === "dark"), [scheme]);
}
