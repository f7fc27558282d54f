// A strip of slots, oldest first: how a thing was over a time. States differ in height as well as in
// colour. The small form stands in lists; the full form is walked by arrow keys.
import { Box, Group, Text, Tooltip } from "@mantine/core";
import { type KeyboardEvent, type PointerEvent, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { duration, moment, percent } from "@/lib/format";
import { type State, stateColor } from "./State";

/** One stretch of time. none: nothing is known of it. */
export type Slot = { from: number; until: number; state: State | "none"; text?: string | undefined };

const heights: Partial<Record<Slot["state"], number>> = { none: 0.18, unknown: 0.35, degraded: 0.78, down: 0.55, stale: 0.7 };

function look(s: Slot["state"]) {
  return { height: heights[s] ?? 1, fill: s === "none" ? "var(--mantine-color-default-border)" : `var(--m-state-${stateColor(s)})` };
}

/** Share of the known time in which it was well. */
export function upShare(slots: Slot[]): number | undefined {
  let known = 0;
  let up = 0;
  for (const s of slots) {
    if (s.state === "none" || s.state === "unknown") continue;
    known += s.until - s.from;
    if (s.state !== "down") up += s.until - s.from;
  }
  return known > 0 ? up / known : undefined;
}

function useSummary(slots: Slot[], known?: number): string {
  const { t } = useTranslation();
  return useMemo(() => {
    const share = known ?? upShare(slots);
    const bad = (s: Slot | undefined) => s?.state === "down" || s?.state === "degraded";
    const downs = slots.filter((s, i) => bad(s) && !bad(slots[i - 1]));
    if (share === undefined) return t("heartbeat.nothing");
    const head = t("heartbeat.up", { share: percent(share, 2) });
    return downs.length === 0 ? head : `${head} ${t("heartbeat.downs", { count: downs.length, last: moment(downs.at(-1)?.from) })}`;
  }, [slots, known, t]);
}

/** For a row of a list: drawn as one picture, since a list may have thousands of slots. */
export function HeartbeatMini({ slots, label, width = 132 }: { slots: Slot[] | undefined; label: string; width?: number }) {
  const summary = useSummary(slots ?? []);
  const { t } = useTranslation();
  const [at, setAt] = useState<number>();
  if (!slots) return <Box w={width} h={20} bg="var(--mantine-color-default-hover)" style={{ borderRadius: 3 }} />;
  const n = Math.max(slots.length, 1);
  const told = at === undefined ? undefined : slots[at];
  const move = (e: PointerEvent<SVGSVGElement>) => {
    const box = e.currentTarget.getBoundingClientRect();
    setAt(Math.min(n - 1, Math.max(0, Math.floor(((e.clientX - box.left) / box.width) * n))));
  };
  return (
    <Tooltip label={told ? `${moment(told.from)} · ${t(`heartbeat.state_${told.state}`)}` : summary} openDelay={100}>
      <svg
        width={width}
        height={20}
        viewBox={`0 0 ${n * 4} 20`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${summary}`}
        data-heartbeat
        onPointerMove={move}
        onPointerLeave={() => setAt(undefined)}
        style={{ display: "block" }}
      >
        {slots.map((s, i) => {
          const l = look(s.state);
          return <rect key={s.from} x={i * 4 + 0.5} y={20 - l.height * 20} width={3} height={l.height * 20} fill={l.fill} rx={0.8} />;
        })}
      </svg>
    </Tooltip>
  );
}

export function Heartbeat({
  slots,
  label,
  share,
  height = 40,
}: {
  slots: Slot[];
  label: string;
  /** Exact share of the known time in which it was up; else reckoned from whole slots. */
  share?: number | undefined;
  height?: number;
}) {
  const { t } = useTranslation();
  const id = useId();
  const summary = useSummary(slots, share);
  const [at, setAt] = useState<number>();
  const [keys, setKeys] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const told = at === undefined ? undefined : slots[at];
  const say = (s: Slot) =>
    `${moment(s.from)} · ${t(`heartbeat.state_${s.state}`)} · ${duration((s.until - s.from) / 1000)}${s.text ? ` · ${s.text}` : ""}`;
  const key = (e: KeyboardEvent) => {
    const last = slots.length - 1;
    const now = at ?? last;
    const edge = (step: number) => {
      // With Ctrl to the next change: what one looks for among hundreds that are alike.
      let i = now + step;
      while (i > 0 && i < last && slots[i]?.state === slots[now]?.state) i += step;
      return i;
    };
    const next: Record<string, number> = {
      ArrowLeft: e.ctrlKey ? edge(-1) : now - 1,
      ArrowRight: e.ctrlKey ? edge(1) : now + 1,
      Home: 0,
      End: last,
    };
    const to = next[e.key];
    if (to === undefined) return;
    e.preventDefault();
    setKeys(true);
    setAt(Math.min(last, Math.max(0, to)));
  };
  const hover = (e: PointerEvent<HTMLDivElement>) => {
    const b = e.currentTarget.getBoundingClientRect();
    setKeys(false);
    setAt(Math.min(slots.length - 1, Math.max(0, Math.floor(((e.clientX - b.left) / b.width) * slots.length))));
  };
  return (
    <div>
      <div
        ref={box}
        role="listbox"
        aria-label={`${label}: ${summary}`}
        aria-orientation="horizontal"
        aria-activedescendant={told ? `${id}-now` : undefined}
        tabIndex={0}
        onKeyDown={key}
        onPointerMove={hover}
        onPointerLeave={() => !keys && setAt(undefined)}
        onFocus={() => setAt((a) => a ?? slots.length - 1)}
        onBlur={() => setAt(undefined)}
        style={{ display: "flex", alignItems: "flex-end", gap: slots.length > 120 ? 0 : 1, height, cursor: "crosshair" }}
        data-heartbeat
      >
        {slots.map((s, i) => {
          const l = look(s.state);
          return (
            <div
              key={s.from}
              role="option"
              tabIndex={-1}
              id={i === at ? `${id}-now` : undefined}
              aria-selected={i === at}
              aria-label={say(s)}
              data-slot={s.state}
              style={{
                flex: 1,
                height: `${l.height * 100}%`,
                background: l.fill,
                borderRadius: 2,
                outline: i === at ? "2px solid var(--mantine-color-text)" : undefined,
                outlineOffset: 1,
              }}
            />
          );
        })}
      </div>
      <Group justify="space-between" mt={4} gap="xs" wrap="nowrap">
        <Text fz="xs" c="dimmed">
          {moment(slots[0]?.from)}
        </Text>
        <Text fz="xs" ta="center" style={{ minHeight: 18 }} aria-live="polite">
          {told ? say(told) : summary}
        </Text>
        <Text fz="xs" c="dimmed">
          {t("range.now")}
        </Text>
      </Group>
    </div>
  );
}
