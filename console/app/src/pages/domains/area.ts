import { IconSitemap } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { canvasSearch, listSearch } from "./search";

export const domains: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/domains",
      validateSearch: listSearch,
      loader: words("domains", "canvas"),
      component: lazyRouteComponent(() => import("./Domains"), "Domains"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/domains/$name/$type",
      validateSearch: canvasSearch,
      loader: words("domains", "canvas", "explain", "edit"),
      component: lazyRouteComponent(() => import("./DomainPage"), "DomainPage"),
    }),
  ],
  nav: [{ label: "nav.domains", to: "/domains", icon: IconSitemap, group: "steer", order: 10 }],
};
