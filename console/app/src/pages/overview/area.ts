import { IconLayoutDashboard } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";

export const overview: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/",
      loader: words("overview"),
      component: lazyRouteComponent(() => import("./Overview"), "Overview"),
    }),
  ],
  nav: [{ label: "nav.overview", to: "/", icon: IconLayoutDashboard, group: "watch", order: 10 }],
};
