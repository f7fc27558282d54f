import { geoArea } from "d3-geo";
import { expect, test } from "vitest";
import world from "world-atlas/countries-110m.json";
import { projection, rewind, shapeOf } from "./shape";

test("the world that is shipped has its countries, each by a name", () => {
  const s = shapeOf(world);
  expect(s.features.length).toBeGreaterThan(170);
  expect(new Set(s.features.map((f) => typeof f.properties?.name))).toEqual(new Set(["string"]));
});

test("rings of both windings hold what they surround", () => {
  const ring = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
    [0, 0],
  ];
  for (const r of [ring, [...ring].reverse()]) {
    const g = rewind({ type: "Polygon", coordinates: [r] });
    expect(geoArea(g as never)).toBeLessThan(1);
  }
});

test("what is no map is refused", () => {
  expect(() => shapeOf({ type: "Point" })).toThrow();
  expect(() => shapeOf([])).toThrow();
  expect(shapeOf({ type: "FeatureCollection", features: [{ type: "Feature", properties: null, geometry: null }] }).features).toEqual([]);
});

test("places are where they were after there and back", () => {
  const p = projection(150);
  const [x = 0, y = 0] = p.unproject(p.project([116.4, 39.9]));
  expect(x).toBeCloseTo(116.4, 3);
  expect(y).toBeCloseTo(39.9, 3);
});
