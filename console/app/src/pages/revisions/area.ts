import { IconHistory } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

export const revisions: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/revisions",
      validateSearch: textSearch("q", "author", "object", "since", "until"),
      loader: words("revisions", "changes"),
      component: lazyRouteComponent(() => import("./Revisions"), "Revisions"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/revisions/$number",
      validateSearch: textSearch("with"),
      loader: words("revisions", "changes"),
      component: lazyRouteComponent(() => import("./Revision"), "Revision"),
    }),
  ],
  nav: [{ label: "nav.revisions", to: "/revisions", icon: IconHistory, group: "manage", order: 10 }],
};
