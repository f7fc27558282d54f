import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { textSearch } from "@/lib/search";

/** The review of the draft and the way to a new access domain: reached from elsewhere, so they have no line in the navigation. */
export const review: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/review",
      validateSearch: textSearch("applied"),
      loader: words("edit", "changes", "revisions"),
      component: lazyRouteComponent(() => import("@/edit/review/Review"), "Review"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/domains/new",
      validateSearch: textSearch("scenario", "applied"),
      loader: words("edit", "changes", "revisions"),
      component: lazyRouteComponent(() => import("@/edit/scenarios/Wizard"), "Wizard"),
    }),
  ],
  nav: [],
};
