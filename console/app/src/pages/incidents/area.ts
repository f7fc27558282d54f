import { IconListDetails, IconTimelineEvent } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { type RangeSearch, rangeOf } from "@/lib/range";
import { oneOf, text } from "@/lib/search";

export const densities = ["compact", "timeline", "full"] as const;
export type Density = (typeof densities)[number];
export const kinds = ["domain", "pool", "address", "task", "vantage"] as const;

export type IncidentSearch = RangeSearch & {
  q?: string | undefined;
  state?: string | undefined;
  kind?: string | undefined;
  group?: string | undefined;
  view?: Density | undefined;
};

export type EventSearch = RangeSearch & {
  q?: string | undefined;
  kind?: string | undefined;
  severity?: string | undefined;
  subject?: string | undefined;
};

export const incidents: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/incidents",
      validateSearch: (s: Record<string, unknown>): IncidentSearch => ({
        ...rangeOf(s),
        q: text(s.q),
        state: oneOf(s.state, ["open", "over"]),
        kind: oneOf(s.kind, kinds),
        group: oneOf(s.group, ["day", "cause", "none"]),
        view: oneOf(s.view, densities),
      }),
      loader: words("incidents", "changes"),
      component: lazyRouteComponent(() => import("./Incidents"), "Incidents"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/incidents/$id",
      validateSearch: (s: Record<string, unknown>) => ({ view: oneOf(s.view, densities) }),
      loader: words("incidents", "changes"),
      component: lazyRouteComponent(() => import("./Incident"), "IncidentPage"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/events",
      validateSearch: (s: Record<string, unknown>): EventSearch => ({
        ...rangeOf(s),
        q: text(s.q),
        kind: text(s.kind),
        severity: oneOf(s.severity, ["info", "warning", "error"]),
        subject: text(s.subject),
      }),
      loader: words("incidents"),
      component: lazyRouteComponent(() => import("./Events"), "Events"),
    }),
  ],
  nav: [
    { label: "nav.incidents", to: "/incidents", icon: IconTimelineEvent, group: "watch", order: 20 },
    { label: "nav.events", to: "/events", icon: IconListDetails, group: "watch", order: 60 },
  ],
};
