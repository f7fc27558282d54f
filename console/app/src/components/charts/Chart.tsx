// One chart: ECharts loaded when it is needed, in the theme's colours, with its numbers as a table
// for those who do not see it or do not use a mouse.
import { ActionIcon, Box, Group, Skeleton, Title, Tooltip } from "@mantine/core";
import { IconChartLine, IconTable } from "@tabler/icons-react";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "@/components/Problem";
import { type Look, useLook } from "./look";
import { Twin, type TwinTable } from "./Twin";

type Engine = typeof import("./engine");
let engine: Promise<Engine> | undefined;
const loadEngine = () => {
  engine ??= import("./engine");
  engine.catch(() => {
    engine = undefined; // a broken line may be mended
  });
  return engine;
};

export type ChartProps = {
  /** What it shows: its heading, unless titled is false, and what a screen reader says. */
  label: string;
  /** What one sees in it, in a sentence, for those who do not. */
  describe?: string;
  option: (look: Look) => EChartsCoreOption;
  table: TwinTable;
  height?: number;
  titled?: boolean;
  /** Level of its heading; default 3. */
  order?: 2 | 3;
  actions?: ReactNode;
  /** Charts of one group show the pointer at the same moment. */
  group?: string;
  /** Told once per life of the chart, to hang on events; what it returns is called at its end. */
  onReady?: (chart: EChartsType, engine: Engine) => (() => void) | undefined;
  /** Before the first drawing: to register a map. */
  before?: (engine: Engine) => Promise<void>;
};

export function Chart({
  label,
  describe,
  option,
  table,
  height = 220,
  titled = true,
  order = 3,
  actions,
  group,
  onReady,
  before,
}: ChartProps) {
  const { t } = useTranslation();
  const look = useLook();
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  return (
    <Box>
      <Group justify="space-between" wrap="nowrap" mb={4} gap="xs" align="flex-start">
        {titled ? (
          <Title order={order} id={id}>
            {label}
          </Title>
        ) : (
          <span />
        )}
        <Group gap={4} wrap="nowrap">
          {actions}
          <Tooltip label={t(asTable ? "chart.as_chart" : "chart.as_table")}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`${t(asTable ? "chart.as_chart" : "chart.as_table")}: ${label}`}
              onClick={() => setAsTable(!asTable)}
            >
              {asTable ? <IconChartLine size={16} aria-hidden /> : <IconTable size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {asTable ? (
        <Twin label={label} table={table} height={height} />
      ) : (
        <Canvas
          label={describe ? `${label}. ${describe}` : label}
          look={look}
          option={option}
          height={height}
          {...(group ? { group } : {})}
          {...(onReady ? { onReady } : {})}
          {...(before ? { before } : {})}
        />
      )}
    </Box>
  );
}

function Canvas({
  label,
  look,
  option,
  height,
  group,
  onReady,
  before,
}: Pick<ChartProps, "option" | "group" | "onReady" | "before"> & { label: string; look: Look; height: number }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<EChartsType>();
  const [failed, setFailed] = useState<unknown>();
  const ready = useRef(onReady);
  const prepare = useRef(before);
  ready.current = onReady;

  useEffect(() => {
    let gone = false;
    let made: EChartsType | undefined;
    let end: (() => void) | undefined;
    const resized = new ResizeObserver(() => made?.resize());
    (async () => {
      const e = await loadEngine();
      await prepare.current?.(e);
      if (gone || !box.current) return;
      made = e.echarts.init(box.current, undefined, { renderer: "canvas" });
      if (group) {
        made.group = group;
        e.echarts.connect(group);
      }
      end = ready.current?.(made, e);
      resized.observe(box.current);
      setChart(made);
    })().catch((err) => !gone && setFailed(err));
    return () => {
      gone = true;
      resized.disconnect();
      end?.();
      made?.dispose();
      setChart(undefined);
    };
  }, [group]);

  useEffect(() => {
    if (!chart) return;
    chart.setOption(
      {
        animation: false,
        textStyle: { fontFamily: look.font, color: look.text },
        color: look.palette,
        ...option(look),
      },
      { notMerge: true, lazyUpdate: true },
    );
  }, [chart, option, look]);

  if (failed) return <Problem error={failed} />;
  return (
    <Box pos="relative" h={height}>
      <div
        ref={box}
        role="img"
        aria-label={`${label}. ${t("chart.hint")}`}
        style={{ height, width: "100%" }}
        data-chart={chart ? "drawn" : "loading"}
      />
      {!chart && <Skeleton pos="absolute" top={0} left={0} height={height} />}
    </Box>
  );
}
