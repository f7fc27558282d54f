// The areas of the console: every src/pages/AREA/area.ts, each with its routes and its lines in the
// navigation. There is no list to add to.
import type { AnyRoute } from "@tanstack/react-router";
import type { Area } from "./area";

const found = import.meta.glob<Record<string, unknown>>("../pages/*/area.ts", { eager: true });

const isArea = (v: unknown): v is Area => typeof v === "object" && v !== null && "routes" in v && "nav" in v;

export const areas: Area[] = Object.keys(found)
  .sort()
  .flatMap((file) => Object.values(found[file] ?? {}).filter(isArea));

export function routesOf(parent: "shell" | "root"): AnyRoute[] {
  return areas.flatMap((a) => ((a.parent ?? "shell") === parent ? a.routes : []));
}
