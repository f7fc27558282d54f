// Values over time as lines, areas or bars: the one form for latency, loss, queries and shares.
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useCallback, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { moment, number } from "@/lib/format";
import { Chart, type ChartProps } from "./Chart";
import { axisLook, tooltipLook } from "./frame";
import type { Look } from "./look";
import { moments, type Series, tick, withGaps } from "./time";

export type Mark = { at: number; label: string; state?: string };
export type Band = { from: number; until: number; state: string };

// More lines in one tooltip than this cover the chart that they explain.
const mostTold = 10;

export function TimeChart({
  lines,
  from,
  until,
  step,
  format = (v) => number(v, 1),
  kind = "line",
  stacked = false,
  max,
  marks,
  bands,
  onRange,
  ...rest
}: Omit<ChartProps, "option" | "table" | "onReady" | "before"> & {
  lines: Series[];
  /** Milliseconds; the axis spans them though measurements do not. */
  from: number;
  until: number;
  /** Length of an interval in seconds. */
  step: number;
  format?: (v: number | undefined | null) => string;
  kind?: "line" | "area" | "bar";
  stacked?: boolean;
  max?: number;
  marks?: Mark[];
  bands?: Band[];
  /** Given, one can drag over a part of the chart to look closer. */
  onRange?: (from: number, until: number) => void;
}) {
  const { t } = useTranslation();
  const range = useRef(onRange);
  range.current = onRange;
  const zooms = onRange !== undefined;

  const option = useCallback(
    (look: Look): EChartsCoreOption => {
      const span = until - from;
      return {
        grid: { left: 4, right: 14, top: lines.length > 1 ? 34 : 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
        legend:
          lines.length > 1
            ? {
                type: "scroll",
                top: 0,
                left: 0,
                itemWidth: 14,
                itemHeight: 8,
                textStyle: { color: look.text },
                pageTextStyle: { color: look.text },
                pageIconColor: look.text,
                inactiveColor: look.dimmed,
              }
            : { show: false },
        tooltip: {
          trigger: "axis",
          ...tooltipLook(look),
          axisPointer: { type: "line", lineStyle: { color: look.dimmed }, label: { show: false } },
          formatter: (list: { seriesName: string; color: string; value: [number, number | null] }[]) => {
            const told = list.filter((p) => p.value[1] !== null && p.value[1] !== undefined);
            if (told.length === 0) return "";
            if (told.length > mostTold) told.sort((a, b) => (b.value[1] ?? 0) - (a.value[1] ?? 0));
            const rows = told.slice(0, mostTold).map(
              (p) =>
                `{c${Math.max(
                  lines.findIndex((l) => l.name === p.seriesName),
                  0,
                )}|●} ${clean(p.seriesName)}  {v|${format(p.value[1])}}`,
            );
            if (told.length > mostTold) rows.push(t("chart.more", { count: told.length - mostTold }));
            return [`{h|${moment(told[0]?.value[0])}}`, ...rows].join("\n");
          },
          textStyle: {
            color: look.text,
            fontSize: 12,
            rich: Object.fromEntries([
              ["h", { color: look.dimmed, fontSize: 11, lineHeight: 18 }],
              ["v", { fontWeight: 650 }],
              ...lines.map((l, i) => [`c${i}`, { color: colorOf(look, l, i) }]),
            ]),
          },
        },
        ...(zooms ? { toolbox: { show: false, feature: { dataZoom: { yAxisIndex: "none" } } } } : {}),
        xAxis: {
          type: "time",
          min: from,
          max: until,
          splitNumber: 6,
          ...axisLook(look, false),
          axisLabel: { color: look.dimmed, hideOverlap: true, formatter: (v: number) => tick(v, span) },
        },
        yAxis: {
          type: "value",
          min: 0,
          ...(max === undefined ? {} : { max, interval: max / 4 }),
          splitNumber: 4,
          ...axisLook(look, true),
          axisLabel: { color: look.dimmed, formatter: (v: number) => format(v) },
        },
        series: lines.map((l, i) => {
          const color = colorOf(look, l, i);
          return {
            type: kind === "bar" ? "bar" : "line",
            name: l.name,
            data: kind === "bar" || stacked ? l.points : withGaps(l.points, step),
            symbol: "circle",
            symbolSize: 5,
            showSymbol: l.points.length < 3, // one measurement is no line, and would not be seen
            connectNulls: false,
            sampling: "lttb",
            barMaxWidth: 18,
            lineStyle: { width: 1.75, color, ...(l.dashed ? { type: "dashed" } : {}) },
            itemStyle: { color },
            ...(kind === "area" ? { areaStyle: { color, opacity: stacked ? 0.55 : 0.15 } } : {}),
            ...(stacked ? { stack: "all" } : {}),
            emphasis: { disabled: true },
            ...(i === 0 && marks?.length
              ? {
                  markLine: {
                    symbol: "none",
                    silent: true,
                    label: { formatter: "{b}", color: look.dimmed, fontSize: 11 },
                    data: marks.map((m) => ({
                      xAxis: m.at,
                      name: m.label,
                      lineStyle: { color: m.state ? look.state(m.state) : look.dimmed },
                    })),
                  },
                }
              : {}),
            ...(i === 0 && bands?.length
              ? {
                  markArea: {
                    silent: true,
                    data: bands.map((b) => [
                      { xAxis: Math.max(b.from, from), itemStyle: { color: look.state(b.state), opacity: 0.12 } },
                      { xAxis: Math.min(b.until, until) },
                    ]),
                  },
                }
              : {}),
          };
        }),
      };
    },
    [lines, from, until, step, format, kind, stacked, max, marks, bands, zooms, t],
  );

  const table = useMemo(() => {
    const at = lines.map((l) => new Map(l.points));
    return {
      columns: [t("chart.time"), ...lines.map((l) => l.name)],
      rows: moments(lines)
        .reverse()
        .map((m) => [moment(m), ...at.map((x) => format(x.get(m)))]),
    };
  }, [lines, format, t]);

  const onReady = useCallback((chart: EChartsType) => {
    if (!range.current) return undefined;
    const select = () => chart.dispatchAction({ type: "takeGlobalCursor", key: "dataZoomSelect", dataZoomSelectActive: true });
    chart.on("finished", select);
    chart.on("datazoom", (e) => {
      const b = (e as { batch?: { startValue?: number; endValue?: number }[] }).batch?.[0];
      if (b?.startValue === undefined || b.endValue === undefined) return;
      // Less than two minutes show nothing: the finest interval kept is one.
      if (b.endValue - b.startValue > 120_000) range.current?.(Math.round(b.startValue), Math.round(b.endValue));
    });
    return undefined;
  }, []);

  return <Chart {...rest} option={option} table={table} onReady={onReady} />;
}

export function colorOf(look: Look, l: { state?: string }, i: number): string {
  return l.state ? look.state(l.state) : (look.palette[i % look.palette.length] ?? look.text);
}

/** Braces and bars mean styles in ECharts' rich text. */
export function clean(s: string): string {
  return s.replace(/[{}|]/g, " ");
}
