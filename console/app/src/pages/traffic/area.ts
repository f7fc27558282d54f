import { IconActivity } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { parseSearch } from "./search";

export const traffic: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/traffic",
      validateSearch: parseSearch,
      loader: words("traffic"),
      component: lazyRouteComponent(() => import("./Traffic"), "Traffic"),
    }),
  ],
  nav: [{ label: "nav.traffic", to: "/traffic", icon: IconActivity, group: "watch", order: 40 }],
};
