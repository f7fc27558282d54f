import { IconBellRinging } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { lazy } from "react";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { parseSearch } from "./search";

export const alerts: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/alerts",
      validateSearch: parseSearch,
      loader: words("alerts"),
      component: lazyRouteComponent(() => import("./Alerts"), "Alerts"),
    }),
  ],
  nav: [
    {
      label: "nav.alerts",
      to: "/alerts",
      icon: IconBellRinging,
      group: "watch",
      order: 30,
      badge: lazy(() => import("./AlertWatch").then((m) => ({ default: m.AlertWatch }))),
    },
  ],
};
