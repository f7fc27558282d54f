// The frame of all routes. Areas hang their routes on shellRoute (for those who are
// signed in) or on rootRoute.
import { createRootRoute, createRoute, Outlet, redirect } from "@tanstack/react-router";
import { queryClient } from "@/api/client";
import { whoQuery } from "@/api/session";
import { words } from "@/i18n";
import { onTheWay } from "./back";
import { Broken, NotFound } from "./Fallbacks";
import { Shell } from "./Shell";

export const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Broken });

const editable = ["access_domain", "pool", "address", "template", "line", "assertion", "zone", "settings"];

export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  // Any page can have an object open in the editing panel: ?edit=pool/hangzhou.
  validateSearch: (s: Record<string, unknown>): { edit?: string } => {
    const kind = typeof s.edit === "string" ? s.edit.split("/")[0] : undefined;
    return kind && editable.includes(kind) ? { edit: s.edit as string } : {};
  },
  beforeLoad: async ({ location }) => {
    const who = await queryClient.ensureQueryData(whoQuery);
    if (!who) throw redirect({ to: "/signin", search: { back: location.href } });
    const back = location.pathname === "/" ? onTheWay() : undefined;
    if (back) throw redirect({ href: back, replace: true });
  },
  loader: words("common"),
  component: Shell,
  errorComponent: Broken,
});
