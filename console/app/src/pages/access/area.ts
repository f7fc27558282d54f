import { IconKey, IconReportSearch, IconUsers } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

const loader = words("access", "changes");

export const access: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/audit",
      validateSearch: textSearch("who", "object", "outcome", "remote", "from", "until"),
      loader,
      component: lazyRouteComponent(() => import("./Audit"), "Audit"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/users",
      validateSearch: textSearch("q", "role"),
      loader,
      component: lazyRouteComponent(() => import("./Users"), "Users"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/tokens",
      validateSearch: textSearch("q", "role"),
      loader,
      component: lazyRouteComponent(() => import("./Tokens"), "Tokens"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/account",
      loader,
      component: lazyRouteComponent(() => import("./Account"), "Account"),
    }),
  ],
  nav: [
    { label: "nav.audit", to: "/audit", icon: IconReportSearch, group: "manage", order: 20, need: "admin" },
    { label: "nav.users", to: "/users", icon: IconUsers, group: "manage", order: 30, need: "admin" },
    { label: "nav.tokens", to: "/tokens", icon: IconKey, group: "manage", order: 40 },
  ],
};
