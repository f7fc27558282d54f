// Lines over time: what charts of measurements share.
import { locale } from "@/i18n";

export type Point = [at: number, value: number | null];
export type Series = {
  name: string;
  points: Point[];
  /** A colour of a state (green, red, …); default the palette's next. */
  state?: string;
  dashed?: boolean;
};

/** Puts a break where intervals are missing, so that a gap does not look like a measurement. step in seconds. */
export function withGaps(points: Point[], step: number): Point[] {
  const out: Point[] = [];
  let last: number | undefined;
  for (const p of points) {
    if (last !== undefined && p[0] - last > step * 1500) out.push([last + step * 1000, null]);
    out.push(p);
    last = p[0];
  }
  return out;
}

/** Labels of a time axis in the reader's language: hours within days, days beyond. */
export function tick(at: number, span: number): string {
  const d = new Date(at);
  const day = { month: "numeric", day: "numeric" } as const;
  const hour = { hour: "2-digit", minute: "2-digit", hour12: false } as const;
  const midnight = d.getHours() === 0 && d.getMinutes() === 0;
  const form = span <= 36 * 3600_000 ? (midnight && span > 6 * 3600_000 ? day : hour) : span <= 4 * 86_400_000 && !midnight ? hour : day;
  return new Intl.DateTimeFormat(locale(), form).format(d);
}

/** All moments of some lines, each once, rising. */
export function moments(lines: Series[]): number[] {
  return [...new Set(lines.flatMap((l) => l.points.map((p) => p[0])))].sort((a, b) => a - b);
}
