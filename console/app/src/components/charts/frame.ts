// What all charts look like around their data.
import type { Look } from "./look";

/** As text on the canvas: an HTML tooltip would need style attributes, which the content security policy forbids. */
export function tooltipLook(look: Look) {
  return {
    renderMode: "richText" as const,
    confine: true,
    backgroundColor: look.body,
    borderColor: look.border,
    borderWidth: 1,
    padding: [8, 10],
    shadowBlur: 8,
    transitionDuration: 0,
    textStyle: { color: look.text, fontSize: 12 },
  };
}

export function axisLook(look: Look, grid: boolean) {
  return {
    axisLine: { show: !grid, lineStyle: { color: look.border } },
    axisTick: { show: false },
    splitLine: { show: grid, lineStyle: { color: look.border, opacity: 0.6 } },
    axisLabel: { color: look.dimmed },
  };
}
