import { IconInfoCircle, IconSettings } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

export const settings: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/settings",
      validateSearch: textSearch("tab"),
      loader: words("settings", "changes"),
      component: lazyRouteComponent(() => import("./Settings"), "Settings"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/about",
      loader: words("settings"),
      component: lazyRouteComponent(() => import("./About"), "About"),
    }),
  ],
  nav: [
    { label: "nav.settings", to: "/settings", icon: IconSettings, group: "manage", order: 50 },
    { label: "nav.about", to: "/about", icon: IconInfoCircle, group: "manage", order: 60 },
  ],
};
