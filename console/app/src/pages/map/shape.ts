// The shapes of the world: Natural Earth's, or a file that an administrator put into the data folder.
import { geoArea, geoNaturalEarth1 } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { api } from "@/api/client";

type Position = number[];
type Geometry = { type: string; coordinates?: unknown; geometries?: Geometry[] };
type Feature = { type: "Feature"; properties: Record<string, unknown> | null; geometry: Geometry | null; id?: unknown };
export type Shape = { type: "FeatureCollection"; features: Feature[] };

/** d3 takes the inside of a ring to be on its right, RFC 7946 on its left: a ring that would hold more than half
 * of the globe is the wrong way round. */
function rewound(rings: Position[][]): Position[][] {
  return rings.map((ring, i) => {
    const large = geoArea({ type: "Polygon", coordinates: [ring] } as never) > 2 * Math.PI;
    return large === (i === 0) ? [...ring].reverse() : ring;
  });
}

export function rewind(g: Geometry): Geometry {
  if (g.type === "Polygon") return { ...g, coordinates: rewound(g.coordinates as Position[][]) };
  if (g.type === "MultiPolygon") return { ...g, coordinates: (g.coordinates as Position[][][]).map(rewound) };
  return g;
}

/** Features with shapes, each by a name: ECharts draws only what is named. */
export function shapeOf(file: unknown): Shape {
  const f = file as { type?: string; objects?: Record<string, unknown>; features?: Feature[] };
  let features: Feature[];
  if (f.type === "Topology") {
    features = Object.values(f.objects ?? {}).flatMap((o) => {
      const out = feature(f as unknown as Topology, o as GeometryCollection) as unknown as Shape | Feature;
      return out.type === "FeatureCollection" ? out.features : [out];
    });
  } else if (f.type === "FeatureCollection") {
    features = (f.features ?? []).map((x) => ({ ...x, geometry: x.geometry && rewind(x.geometry) }));
  } else throw new Error("neither a TopoJSON topology nor a GeoJSON feature collection");
  return {
    type: "FeatureCollection",
    features: features
      .filter((x) => x.geometry && /Polygon$/.test(x.geometry.type))
      .map((x, i) => ({ ...x, properties: { ...x.properties, name: String(x.properties?.name ?? x.id ?? i) } })),
  };
}

export type Loaded = { shape: Shape; custom: boolean; failed?: string };

export async function loadShape(): Promise<Loaded> {
  const own = async () => shapeOf((await import("world-atlas/countries-110m.json")).default);
  try {
    const { data } = await api.GET("/api/v1/map/shape");
    if (!data || !("type" in data)) return { shape: await own(), custom: false };
    return { shape: shapeOf(data), custom: true };
  } catch (err) {
    return { shape: await own(), custom: false, failed: err instanceof Error ? err.message : String(err) };
  }
}

/** A projection for ECharts. With its stream polygons are cut at the edge of the map; without, those that cross the
 * 180th meridian draw stripes over it. */
export function projection(center: number) {
  const p = geoNaturalEarth1().rotate([-center, 0]);
  return {
    project: (at: number[]) => p([at[0] ?? 0, at[1] ?? 0]) ?? [Number.NaN, Number.NaN],
    unproject: (at: number[]) => p.invert?.([at[0] ?? 0, at[1] ?? 0]) ?? [Number.NaN, Number.NaN],
    stream: (s: Parameters<typeof p.stream>[0]) => p.stream(s),
  };
}
