import { createRouter } from "@tanstack/react-router";
import { onSignedOut, queryClient } from "@/api/client";
import { whoQuery } from "@/api/session";
import { areas, routesOf } from "./areas";
import { NotFound } from "./Fallbacks";
import { rootRoute, shellRoute } from "./root";
import { setNav } from "./Shell";

setNav(areas.flatMap((a) => a.nav));

export const router = createRouter({
  routeTree: rootRoute.addChildren([shellRoute.addChildren(routesOf("shell")), ...routesOf("root")]),
  defaultPreload: "intent",
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

onSignedOut(() => {
  queryClient.setQueryData(whoQuery.queryKey, null);
  if (router.state.location.pathname !== "/signin")
    void router.navigate({ to: "/signin", search: { back: router.state.location.href, ended: true } });
});
