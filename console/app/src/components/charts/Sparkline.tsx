import { Box } from "@mantine/core";
import { useId } from "react";

/** A small line without axes, drawn as SVG: it stands in first views, where the chart library is not loaded. */
export function Sparkline({
  values,
  label,
  height = 36,
  max,
}: {
  values: (number | null)[];
  label: string;
  height?: number;
  max?: number;
}) {
  const id = useId();
  const top = Math.max(max ?? 0, ...values.map((v) => v ?? 0)) || 1;
  const x = (i: number) => (values.length < 2 ? 0 : (i / (values.length - 1)) * 100);
  const y = (v: number) => 30 - (v / top) * 28;
  const runs: [number, number][][] = [];
  let run: [number, number][] | undefined;
  values.forEach((v, i) => {
    if (v === null) {
      run = undefined;
      return;
    }
    if (!run) {
      run = [];
      runs.push(run);
    }
    run.push([x(i), y(v)]);
  });
  return (
    <Box
      component="svg"
      viewBox="0 0 100 31"
      preserveAspectRatio="none"
      w="100%"
      h={height}
      role="img"
      aria-labelledby={id}
      display="block"
    >
      <title id={id}>{label}</title>
      {runs.map((r) => {
        const line = r.map(([a, b], i) => `${i ? "L" : "M"}${a.toFixed(2)} ${b.toFixed(2)}`).join("");
        const [first, last] = [r[0], r.at(-1)];
        return (
          <g key={first?.[0]}>
            <path d={`${line}L${last?.[0]} 31L${first?.[0]} 31Z`} fill="var(--m-chart-1)" opacity={0.15} />
            <path d={line} fill="none" stroke="var(--m-chart-1)" strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
          </g>
        );
      })}
    </Box>
  );
}
