// One look: colours only from here, so that dark mode cannot be forgotten.
import { createTheme, type MantineColorsTuple } from "@mantine/core";
import type { Density } from "./prefs";

const meridian: MantineColorsTuple = [
  "#e6f7fb",
  "#d2eaf1",
  "#a5d4e1",
  "#75bdd1",
  "#4eaac4",
  "#349ebc",
  "#1f8aa8",
  "#0b6f8a",
  "#0b5c73",
  "#05475a",
];

// Mantine's red with darker fills: white on its own shade 7 misses 4.5:1.
const red: MantineColorsTuple = [
  "#fff5f5",
  "#ffe3e3",
  "#ffc9c9",
  "#ffa8a8",
  "#ff8787",
  "#fa5252",
  "#e03131",
  "#c92a2a",
  "#b02525",
  "#962020",
];

export function themeFor(density: Density, close: string) {
  const size = density === "compact" ? "xs" : "sm";
  return createTheme({
    primaryColor: "meridian",
    primaryShade: 7,
    autoContrast: true,
    respectReducedMotion: true,
    luminanceThreshold: 0.179, // where black and white text have equal contrast,
    colors: { meridian, red },
    fontFamily: 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif',
    fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", monospace',
    defaultRadius: "md",
    cursorType: "pointer",
    headings: {
      fontWeight: "650",
      sizes: { h1: { fontSize: "1.375rem", lineHeight: "1.3" }, h2: { fontSize: "1.0625rem" }, h3: { fontSize: "0.9375rem" } },
    },
    components: {
      CloseButton: { defaultProps: { "aria-label": close } }, // of dialogs and notices too
      Button: { defaultProps: { size } },
      TextInput: { defaultProps: { size } },
      NumberInput: { defaultProps: { size } },
      PasswordInput: { defaultProps: { size } },
      Textarea: { defaultProps: { size } },
      Select: { defaultProps: { size, allowDeselect: false } },
      MultiSelect: { defaultProps: { size } },
      TagsInput: { defaultProps: { size } },
      Autocomplete: { defaultProps: { size } },
      SegmentedControl: { defaultProps: { size } },
      Switch: { defaultProps: { size } },
      Checkbox: { defaultProps: { size } },
      Table: { defaultProps: { verticalSpacing: density === "compact" ? 4 : "xs", highlightOnHover: true } },
      Tooltip: { defaultProps: { openDelay: 300, withArrow: true, events: { hover: true, focus: true, touch: false } } },
      Badge: { defaultProps: { radius: "sm" } },
      Drawer: { defaultProps: { position: "right" } },
    },
  });
}
