// The areas of the console: each brings its routes and its lines in the navigation.
import type { AnyRoute } from "@tanstack/react-router";
import { domains } from "@/pages/domains/area";
import { objects } from "@/pages/objects/area";
import { overrides } from "@/pages/overrides/area";
import { overview } from "@/pages/overview/area";
import { revisions } from "@/pages/revisions/area";
import { signin } from "@/pages/signin/area";
import type { Area } from "./area";

// One a line: areas are added side by side.
// biome-ignore format: one a line
const all = [
  // One in a line, so that areas that come at the same time merge.
  domains,
  objects,
  overrides,
  overview,
  revisions,
  signin,
] satisfies Area[];

/** In the order of the navigation. */
export const areas: Area[] = all;

export function routesOf(parent: "shell" | "root"): AnyRoute[] {
  return areas.flatMap((a) => ((a.parent ?? "shell") === parent ? a.routes : []));
}
