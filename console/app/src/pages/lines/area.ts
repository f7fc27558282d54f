import { IconRoute } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

const loader = words("lines", "changes");

export const lines: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/lines",
      validateSearch: textSearch("tab", "q", "sort", "client"),
      loader,
      component: lazyRouteComponent(() => import("./Lines"), "Lines"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/lines/$name",
      validateSearch: textSearch("q"),
      loader,
      component: lazyRouteComponent(() => import("./Line"), "Line"),
    }),
  ],
  nav: [{ label: "nav.lines", to: "/lines", icon: IconRoute, group: "steer", order: 50 }],
};
