// What the page shows, as it stands in the URL: one dimension to tell apart, filters, a time range.
import { type RangeSearch, rangeOf } from "@/lib/range";

export const dimensions = ["name", "type", "line", "pool", "address", "country", "subnet", "node", "rcode", "zone", "outcome"] as const;
export type Dimension = (typeof dimensions)[number];
export type Filters = Partial<Record<Dimension, string>>;
export type TrafficSearch = RangeSearch & Filters & { by?: Dimension; compare?: "day" | "week" };

// What control counts together (docs/manual/data.md); the first that knows all dimensions of a question answers it.
const counted: { of: string; dims: readonly Dimension[] }[] = [
  { of: "codes", dims: ["type", "rcode", "node"] },
  { of: "answers", dims: ["name", "type", "line", "pool", "address", "node", "rcode"] },
  { of: "zones", dims: ["zone", "outcome", "node"] },
  { of: "countries", dims: ["country", "name", "type", "node"] },
  { of: "clients", dims: ["subnet", "country"] },
];

/** Which counts tell these dimensions apart; undefined: none do. */
export function countsOf(...dims: Dimension[]): string | undefined {
  return counted.find((c) => dims.every((d) => c.dims.includes(d)))?.of;
}

export function isDimension(v: unknown): v is Dimension {
  return dimensions.includes(v as Dimension);
}

export function parseSearch(s: Record<string, unknown>): TrafficSearch {
  const out: TrafficSearch = rangeOf(s);
  for (const d of dimensions) {
    const v = s[d];
    if ((typeof v === "string" || typeof v === "number" || typeof v === "boolean") && `${v}` !== "") out[d] = `${v}`;
  }
  if (isDimension(s.by)) out.by = s.by;
  if (s.compare === "day" || s.compare === "week") out.compare = s.compare;
  return out;
}

export function filtersOf(s: TrafficSearch): Filters {
  const out: Filters = {};
  for (const d of dimensions) if (s[d] !== undefined) out[d] = s[d];
  return out;
}

export function keysOf(f: Filters): Dimension[] {
  return dimensions.filter((d) => f[d] !== undefined);
}

// Where a click on a row leads: the way of an answer, from the name down to the machine.
const below: Record<Dimension, Dimension[]> = {
  name: ["line", "country"],
  type: ["name", "rcode"],
  line: ["pool", "name"],
  pool: ["address", "name"],
  address: ["node", "name"],
  country: ["subnet", "name"],
  subnet: ["country"],
  node: ["name", "zone", "country"],
  rcode: ["type", "name", "line", "node"],
  zone: ["outcome", "node"],
  outcome: ["zone", "node"],
};

/** The dimension to show once these filters hold, the last of them set at last. */
export function nextBy(f: Filters, last: Dimension): Dimension | undefined {
  const held = keysOf(f);
  const fits = (d: Dimension) => !held.includes(d) && countsOf(d, ...held) !== undefined;
  return below[last].find(fits) ?? dimensions.find(fits);
}

/** The dimension shown: as asked for where it can be counted with the filters, else the first that can. */
export function shownBy(s: TrafficSearch): Dimension {
  const held = keysOf(filtersOf(s));
  const fits = (d: Dimension) => countsOf(d, ...held) !== undefined;
  if (s.by && fits(s.by)) return s.by;
  const free = dimensions.find((d) => !held.includes(d) && fits(d));
  return free ?? held.find(fits) ?? "name";
}
