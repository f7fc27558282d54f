import { IconHeartbeat, IconServer2, IconStack2 } from "@tabler/icons-react";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { Area } from "@/app/area";
import { shellRoute } from "@/app/root";
import { words } from "@/i18n";
import { grades } from "@/lib/health";
import { rangeOf } from "@/lib/range";
import { oneOf, text } from "@/lib/search";

/** What a list of objects shows. */
export type ListSearch = {
  q?: string | undefined;
  sort?: string | undefined;
  health?: string | undefined;
  enabled?: string | undefined;
  label?: string | undefined;
  type?: string | undefined;
  policy?: string | undefined;
  mode?: string | undefined;
  protocol?: string | undefined;
  template?: string | undefined;
};

// What is no value is named all the same: the router would else hand on what stands in the address.
const list = (s: Record<string, unknown>) => ({
  q: text(s.q),
  sort: text(s.sort),
  health: oneOf(s.health, grades),
  enabled: oneOf(s.enabled, ["true", "false"]),
  label: text(s.label),
  type: text(s.type),
  policy: text(s.policy),
  mode: text(s.mode),
  protocol: text(s.protocol),
  template: text(s.template),
});

const object = (s: Record<string, unknown>) => ({ ...rangeOf(s), beat: oneOf(s.beat, ["1h", "24h", "7d"]) });

const loader = words("objects");

export const objects: Area = {
  routes: [
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/pools",
      validateSearch: list,
      loader,
      component: lazyRouteComponent(() => import("./Pools"), "Pools"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/pools/$name",
      validateSearch: object,
      loader,
      component: lazyRouteComponent(() => import("./Pool"), "PoolPage"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/addresses",
      validateSearch: list,
      loader,
      component: lazyRouteComponent(() => import("./Addresses"), "Addresses"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/addresses/$name",
      validateSearch: object,
      loader,
      component: lazyRouteComponent(() => import("./Address"), "AddressPage"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/templates",
      validateSearch: list,
      loader,
      component: lazyRouteComponent(() => import("./Templates"), "Templates"),
    }),
    createRoute({
      getParentRoute: () => shellRoute,
      path: "/templates/$name",
      validateSearch: object,
      loader,
      component: lazyRouteComponent(() => import("./Template"), "TemplatePage"),
    }),
  ],
  nav: [
    { label: "nav.pools", to: "/pools", icon: IconStack2, group: "steer", order: 20 },
    { label: "nav.addresses", to: "/addresses", icon: IconServer2, group: "steer", order: 30 },
    { label: "nav.templates", to: "/templates", icon: IconHeartbeat, group: "steer", order: 40 },
  ],
};
