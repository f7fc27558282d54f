// Numbers and times as the reader's language writes them.
import { locale } from "@/i18n";

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function made<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(key: string, make: (l: string) => T): T {
  const l = locale();
  const k = `${l} ${key}`;
  let f = cache.get(k) as T | undefined;
  if (!f) {
    f = make(l);
    cache.set(k, f);
  }
  return f;
}

/** 12,345 or 12.3; undefined and NaN are a dash. */
export function number(n: number | undefined | null, digits = 0): string {
  if (n === undefined || n === null || Number.isNaN(n)) return "–";
  return made(`n${digits}`, (l) => new Intl.NumberFormat(l, { maximumFractionDigits: digits })).format(n);
}

/** 1.2K, 3.4M: for axes and tiles. */
export function short(n: number | undefined | null): string {
  if (n === undefined || n === null || Number.isNaN(n)) return "–";
  return made("short", (l) => new Intl.NumberFormat(l, { notation: "compact", maximumFractionDigits: 1 })).format(n);
}

/** A share of 1 as 12.3 %. */
export function percent(share: number | undefined | null, digits = 1): string {
  if (share === undefined || share === null || Number.isNaN(share)) return "–";
  return made(`p${digits}`, (l) => new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: digits })).format(share);
}

/** Date and time to the second, in the browser's zone. */
export function moment(t: string | number | Date | undefined | null): string {
  if (t === undefined || t === null || t === "") return "–";
  return made(
    "moment",
    (l) =>
      new Intl.DateTimeFormat(l, {
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
        second: "2-digit",
        hour12: false,
      }),
  ).format(new Date(t));
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** "3 minutes ago", by this browser's clock. */
export function ago(t: string | number | Date | undefined | null, now = Date.now()): string {
  if (t === undefined || t === null || t === "") return "–";
  const s = (new Date(t).getTime() - now) / 1000;
  const [unit, size] = steps.find(([, n]) => Math.abs(s) >= n) ?? ["second", 1];
  return made("rel", (l) => new Intl.RelativeTimeFormat(l, { numeric: "auto" })).format(Math.round(s / size), unit);
}

const goUnits: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, us: 1e-6, ns: 1e-9 };

/** Seconds of a Go duration such as 1h2m3.5s; undefined when it is none. */
export function seconds(d: string | undefined | null): number | undefined {
  if (!d) return undefined;
  let total = 0;
  let rest = d.startsWith("-") ? d.slice(1) : d;
  if (rest === "0") return 0;
  while (rest) {
    const m = /^(\d+(?:\.\d+)?)(h|ms|m|s|µs|us|ns)/.exec(rest);
    if (!m?.[1] || !m[2]) return undefined;
    total += Number(m[1]) * (goUnits[m[2]] ?? 0);
    rest = rest.slice(m[0].length);
  }
  return d.startsWith("-") ? -total : total;
}

/** A length of time in two units at most: 2 d 3 h, 4 min 10 s, 12 ms. */
export function duration(s: number | undefined | null): string {
  if (s === undefined || s === null || Number.isNaN(s)) return "–";
  const unit = (n: number, u: string, digits = 0) =>
    made(
      `u${u}${digits}`,
      (l) => new Intl.NumberFormat(l, { style: "unit", unit: u, unitDisplay: "short", maximumFractionDigits: digits }),
    ).format(n);
  if (s < 1e-3) return unit(s * 1e6, "microsecond");
  if (s < 1) return unit(s * 1e3, "millisecond", s < 0.01 ? 1 : 0);
  if (s < 60) return unit(s, "second", s < 10 ? 1 : 0);
  const whole = Math.round(s);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "day"],
    [Math.floor((whole % 86_400) / 3_600), "hour"],
    [Math.floor((whole % 3_600) / 60), "minute"],
    [whole % 60, "second"],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, u]) => unit(n, u))
    .join(" ");
}
