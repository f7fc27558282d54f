import { IconZoomQuestion } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";

export type ExplainSearch = {
  name?: string | undefined;
  type?: string | undefined;
  /** An IP, a network, line:CODE, or any. */
  client?: string | undefined;
  down?: string | undefined;
  draft?: true | undefined;
};

export function explainSearch(s: Record<string, unknown>): ExplainSearch {
  const text = (v: unknown) => (typeof v === "string" && v !== "" ? v : typeof v === "number" ? String(v) : undefined);
  const out: ExplainSearch = {
    name: text(s.name),
    type: text(s.type)?.toUpperCase(),
    client: text(s.client) ?? (text(s.line) ? `line:${text(s.line)}` : undefined),
    down: text(s.down),
    draft: s.draft === true || s.draft === "true" || s.draft === 1 ? true : undefined,
  };
  return Object.fromEntries(Object.entries(out).filter(([, v]) => v !== undefined));
}

export const explain: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/explain",
      validateSearch: explainSearch,
      loader: words("explain", "canvas", "edit"),
      component: lazyRouteComponent(() => import("./ExplainPage"), "ExplainPage"),
    }),
  ],
  nav: [{ label: "nav.explain", to: "/explain", icon: IconZoomQuestion, group: "steer", order: 70 }],
};
