// Parts beside one another: as bars, or as a ring where they make a whole.
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useCallback, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { number, percent } from "@/lib/format";
import { Chart, type ChartProps } from "./Chart";
import { axisLook, tooltipLook } from "./frame";
import type { Look } from "./look";
import { clean, colorOf } from "./TimeChart";

export type Part = { name: string; value: number; state?: string };

type Common = Omit<ChartProps, "option" | "table" | "onReady" | "before"> & {
  format?: (v: number | undefined | null) => string;
  /** Told the name of the part that was clicked; a list with links is its twin for the keyboard. */
  onPick?: (name: string) => void;
};

function usePick(onPick: ((name: string) => void) | undefined) {
  const pick = useRef(onPick);
  pick.current = onPick;
  return useCallback((chart: EChartsType) => {
    chart.on("click", (e) => {
      if (e.name) pick.current?.(e.name);
    });
    return undefined;
  }, []);
}

/** Horizontal bars, the first on top; several series stand side by side, or on one another when stacked. */
export function BarsChart({
  categories,
  series,
  stacked = false,
  format = (v) => number(v),
  onPick,
  ...rest
}: Common & { categories: string[]; series: { name: string; values: (number | null)[]; state?: string }[]; stacked?: boolean }) {
  const { t } = useTranslation();
  const onReady = usePick(onPick);
  const option = useCallback(
    (look: Look): EChartsCoreOption => ({
      grid: { left: 4, right: 18, top: series.length > 1 ? 34 : 6, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      legend: series.length > 1 ? { top: 0, left: 0, itemWidth: 14, itemHeight: 8, textStyle: { color: look.text } } : { show: false },
      tooltip: {
        trigger: "axis",
        ...tooltipLook(look),
        axisPointer: { type: "shadow", shadowStyle: { color: look.border, opacity: 0.3 } },
        formatter: (list: { seriesName: string; name: string; value: number | null }[]) =>
          [clean(list[0]?.name ?? ""), ...list.map((p) => `${clean(p.seriesName)}  ${format(p.value)}`)].join("\n"),
      },
      xAxis: {
        type: "value",
        min: 0,
        splitNumber: 4,
        ...axisLook(look, true),
        axisLabel: { color: look.dimmed, formatter: (v: number) => format(v) },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: categories,
        ...axisLook(look, false),
        axisLabel: { color: look.text, width: 160, overflow: "truncate", interval: 0 },
      },
      series: series.map((s, i) => ({
        type: "bar",
        name: s.name,
        data: s.values,
        barMaxWidth: 16,
        itemStyle: { color: colorOf(look, s, i), borderRadius: stacked ? 0 : [0, 3, 3, 0] },
        emphasis: { disabled: true },
        ...(stacked ? { stack: "all" } : {}),
      })),
    }),
    [categories, series, stacked, format],
  );
  const table = useMemo(
    () => ({
      columns: [t("chart.name"), ...series.map((s) => s.name)],
      rows: categories.map((c, i) => [c, ...series.map((s) => format(s.values[i]))]),
    }),
    [categories, series, format, t],
  );
  return <Chart {...rest} option={option} table={table} onReady={onReady} />;
}

export function DonutChart({ parts, format = (v) => number(v), onPick, ...rest }: Common & { parts: Part[] }) {
  const { t } = useTranslation();
  const onReady = usePick(onPick);
  const total = useMemo(() => parts.reduce((n, p) => n + p.value, 0), [parts]);
  const option = useCallback(
    (look: Look): EChartsCoreOption => ({
      legend: {
        type: "scroll",
        orient: "vertical",
        left: "52%",
        top: "middle",
        itemWidth: 12,
        itemHeight: 12,
        textStyle: { color: look.text, width: 150, overflow: "truncate" },
        pageTextStyle: { color: look.text },
        pageIconColor: look.text,
      },
      tooltip: {
        trigger: "item",
        ...tooltipLook(look),
        formatter: (p: { name: string; value: number }) => `${clean(p.name)}\n${format(p.value)} · ${percent(total ? p.value / total : 0)}`,
      },
      series: [
        {
          type: "pie",
          radius: ["52%", "82%"],
          center: ["26%", "50%"],
          label: { show: false },
          itemStyle: { borderColor: look.body, borderWidth: 2 },
          data: parts.map((p, i) => ({ name: p.name, value: p.value, itemStyle: { color: colorOf(look, p, i) } })),
        },
      ],
    }),
    [parts, total, format],
  );
  const table = useMemo(
    () => ({
      columns: [t("chart.name"), t("chart.value"), t("chart.share")],
      rows: parts.map((p) => [p.name, format(p.value), percent(total ? p.value / total : 0)]),
    }),
    [parts, total, format, t],
  );
  return <Chart {...rest} option={option} table={table} onReady={onReady} />;
}
