// The areas of the console: every src/pages/AREA/area.ts, each with its routes and its lines in the
// navigation. There is no list to add to.
import type { AnyRoute } from "@tanstack/react-router";
import type { Area } from "./area";

const found = import.meta.glob<Record<string, unknown>>("../pages/*/area.ts", { eager: true });
import { domains } from "@/pages/domains/area";
import { objects } from "@/pages/objects/area";
import { overrides } from "@/pages/overrides/area";
import { overview } from "@/pages/overview/area";
import { revisions } from "@/pages/revisions/area";
import { signin } from "@/pages/signin/area";
import { zones } from "@/pages/zones/area";
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
const all = [overrides, overview, revisions, signin, zones] satisfies Area[];

const isArea = (v: unknown): v is Area => typeof v === "object" && v !== null && "routes" in v && "nav" in v;

export const areas: Area[] = Object.keys(found)
  .sort()
  .flatMap((file) => Object.values(found[file] ?? {}).filter(isArea));

export function routesOf(parent: "shell" | "root"): AnyRoute[] {
  return areas.flatMap((a) => ((a.parent ?? "shell") === parent ? a.routes : []));
}
