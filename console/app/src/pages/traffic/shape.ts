// From what the API counted to what is drawn. Time that no report covers is a gap: null, never zero.
import type { Schemas } from "@/api/client";

export type Counted = Schemas["CountedAnswer"];
export type Row = { key: Record<string, string>; total: number; samples?: number; share: number; before?: number };
export type Line = { key: Record<string, string> | null; values: (number | null)[] };
export type Shaped = { times: number[]; step: number; lines: Line[]; total: (number | null)[]; nodes: { least: number; most: number } };

/** Of an interval that is hardly covered nothing can be said: some queries in a second of a minute are no rate. */
const hardly = 0.1;

/** Queries a second of each series in each interval. The last series, with the key null, is all others. */
export function shape(c: Counted): Shaped {
  const step = c.step_seconds;
  const covered = new Map((c.covered ?? []).map((x) => [Date.parse(x.at), x]));
  const begin = Math.floor(Date.parse(c.from) / 1000 / step) * step * 1000;
  const times: number[] = [];
  for (let at = begin; at < Date.parse(c.until); at += step * 1000) times.push(at);
  const rates = (points: Schemas["CountPoint"][] | undefined | null) => {
    const n = new Map((points ?? []).map((p) => [Date.parse(p.at), p.queries]));
    return times.map((at) => {
      const share = covered.get(at)?.share ?? 0;
      return share < hardly ? null : (n.get(at) ?? 0) / (step * share);
    });
  };
  const lines: Line[] = (c.series ?? []).map((s) => ({ key: s.key, values: rates(s.points) }));
  if (c.others > 0) lines.push({ key: null, values: rates(c.others_points) });
  const total = times.map((at, i) =>
    (covered.get(at)?.share ?? 0) < hardly ? null : lines.reduce((sum, l) => sum + (l.values[i] ?? 0), 0),
  );
  const counts = (c.covered ?? []).filter((x) => x.share >= hardly).map((x) => x.nodes);
  return { times, step, lines, total, nodes: { least: counts.length ? Math.min(...counts) : 0, most: Math.max(0, ...counts) } };
}

/** How much of a time is known, in seconds and as a share. */
export function known(c: Counted): { seconds: number; share: number } {
  const step = c.step_seconds;
  const begin = Math.floor(Date.parse(c.from) / 1000 / step) * step;
  const whole = Date.parse(c.until) / 1000 - begin;
  const seconds = (c.covered ?? []).reduce((sum, x) => sum + x.share * step, 0);
  return { seconds, share: whole > 0 ? Math.min(1, seconds / whole) : 0 };
}

export type Compare = "period" | "day" | "week";

const day = 86_400_000;

/** The time to compare with, of the same length: right before, ending where the first interval begins, or as
 * many intervals a day or a week earlier. */
export function before(c: Counted, compare: Compare = "period"): { from: string; until: string } {
  const step = c.step_seconds * 1000;
  const begin = Math.floor(Date.parse(c.from) / step) * step;
  const whole = Date.parse(c.until) - begin;
  const back = compare === "period" ? whole : compare === "day" ? day : 7 * day;
  return { from: new Date(begin - back).toISOString(), until: new Date(begin - back + whole).toISOString() };
}

/** Change of the rate from one time to another, as a share; undefined where too little is known of either to compare.
 * Rates and not sums: a time of which a half is known has a half of the sum. */
export function change(now: number, nowSeconds: number, was: number, wasSeconds: number): number | undefined {
  if (nowSeconds <= 0 || wasSeconds <= 0 || was <= 0) return undefined;
  return now / nowSeconds / (was / wasSeconds) - 1;
}

export function rowsOf(c: Counted, previous?: Counted): Row[] {
  const id = (k: Record<string, string>) => JSON.stringify(Object.entries(k).sort());
  const was = new Map((previous?.series ?? []).map((s) => [id(s.key), s.total]));
  return (c.series ?? []).map((s) => {
    const b = was.get(id(s.key));
    return {
      key: s.key,
      total: s.total,
      share: c.total > 0 ? s.total / c.total : 0,
      ...(s.samples ? { samples: s.samples } : {}),
      ...(b === undefined ? {} : { before: b }),
    };
  });
}

export type Verdict = "within" | "outside" | "few" | "none";

// 99 of 100 honest draws fall within so many standard deviations.
const deviations = 2.576;

/** How far a share of n draws may be from its weight by chance alone, and whether this one is farther. */
export function spread(configured: number | undefined | null, realised: number, n: number): { band: number; verdict: Verdict } {
  if (configured === undefined || configured === null) return { band: 0, verdict: "none" };
  // Below, the normal distribution is no likeness of the draws.
  const expected = n * Math.min(configured, 1 - configured);
  const band = n > 0 ? deviations * Math.sqrt((configured * (1 - configured)) / n) : 1;
  if (n < 30 || (configured > 0 && configured < 1 && expected < 5)) return { band, verdict: "few" };
  // Half a draw, since draws are whole.
  return { band, verdict: Math.abs(realised - configured) <= band + 0.5 / n ? "within" : "outside" };
}
