import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { rootRoute } from "@/app/root";
import { words } from "@/i18n";

export const signin: Area = {
  parent: "root",
  routes: [
    createRoute({
      getParentRoute: () => rootRoute,
      path: "/signin",
      validateSearch: (s: Record<string, unknown>): { back?: string; error?: string; ended?: true; retry?: number } => ({
        ...(typeof s.back === "string" ? { back: s.back } : {}),
        ...(typeof s.error === "string" ? { error: s.error } : {}),
        ...(s.ended === true ? { ended: true as const } : {}),
        ...(typeof s.retry === "number" ? { retry: s.retry } : {}),
      }),
      loader: words("common", "signin"),
      component: lazyRouteComponent(() => import("./SignIn"), "SignIn"),
    }),
  ],
  nav: [],
};
