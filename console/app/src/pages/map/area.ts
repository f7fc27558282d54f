import { IconMap2 } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { oneOf, text } from "@/lib/search";

export const layers = ["clients", "addresses", "vantages", "nodes"] as const;
export type Layer = (typeof layers)[number];
export type MapSearch = { domain?: string | undefined; hide?: string | undefined; view?: string | undefined };

export const map: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/map",
      validateSearch: (s: Record<string, unknown>): MapSearch => ({
        domain: text(s.domain),
        hide: text(s.hide),
        view: oneOf(s.view, ["map", "table"]),
      }),
      loader: words("map"),
      component: lazyRouteComponent(() => import("./WorldMap"), "WorldMap"),
    }),
  ],
  nav: [{ label: "nav.map", to: "/map", icon: IconMap2, group: "watch", order: 50 }],
};
