import { IconListDetails } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { parseSearch } from "./search";

export const queries: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/queries",
      validateSearch: parseSearch,
      loader: words("queries"),
      component: lazyRouteComponent(() => import("./Queries"), "Queries"),
    }),
  ],
  nav: [{ label: "nav.queries", to: "/queries", icon: IconListDetails, group: "watch", order: 45, need: "operator" }],
};
