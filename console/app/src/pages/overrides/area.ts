import { IconHandStop } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

// ?do=drain|enable|failback opens the dialog, with ?target= or ?selector= at its second step: links from
// other pages and the palette lead there.
export const overrides: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/overrides",
      validateSearch: textSearch("q", "action", "do", "target", "selector"),
      loader: words("overrides", "changes"),
      component: lazyRouteComponent(() => import("./Overrides"), "Overrides"),
    }),
  ],
  nav: [{ label: "nav.overrides", to: "/overrides", icon: IconHandStop, group: "steer", order: 60 }],
};
