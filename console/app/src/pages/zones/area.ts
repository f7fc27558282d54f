import { IconWorld } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

export const zones: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/zones",
      validateSearch: textSearch("q", "sort", "enabled", "import"),
      loader: words("zones", "changes"),
      component: lazyRouteComponent(() => import("./Zones"), "Zones"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/zones/$name",
      validateSearch: textSearch("q", "type", "enabled", "sort", "import"),
      loader: words("zones", "changes"),
      component: lazyRouteComponent(() => import("./Zone"), "Zone"),
    }),
  ],
  nav: [{ label: "nav.zones", to: "/zones", icon: IconWorld, group: "serve", order: 10 }],
};
