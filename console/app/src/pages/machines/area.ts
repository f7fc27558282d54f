import { IconRadar2, IconServerBolt } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { rangeOf } from "@/lib/range";
import { oneOf, text } from "@/lib/search";

export type MachineSearch = {
  q?: string | undefined;
  sort?: string | undefined;
  state?: string | undefined;
  role?: string | undefined;
};

const loader = words("machines", "objects", "settings"); // settings: the invitation's words
const list = (s: Record<string, unknown>): MachineSearch => ({
  q: text(s.q),
  sort: text(s.sort),
  state: text(s.state),
  role: text(s.role),
});
const object = (s: Record<string, unknown>) => ({ ...rangeOf(s), beat: oneOf(s.beat, ["1h", "24h", "7d"]) });

export const machines: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/nodes",
      validateSearch: list,
      loader,
      component: lazyRouteComponent(() => import("./Nodes"), "Nodes"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/nodes/$id",
      validateSearch: object,
      loader,
      component: lazyRouteComponent(() => import("./Node"), "NodePage"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/vantages",
      validateSearch: list,
      loader,
      component: lazyRouteComponent(() => import("./Vantages"), "Vantages"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/vantages/$id",
      validateSearch: object,
      loader,
      component: lazyRouteComponent(() => import("./Vantage"), "VantagePage"),
    }),
  ],
  nav: [
    { label: "nav.nodes", to: "/nodes", icon: IconServerBolt, group: "serve", order: 20 },
    { label: "nav.vantages", to: "/vantages", icon: IconRadar2, group: "serve", order: 30 },
  ],
};
