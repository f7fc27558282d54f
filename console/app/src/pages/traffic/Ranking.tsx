// Who has how much: each row leads one step down.
import { ActionIcon, Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Column, DataTable } from "@/components/DataTable";
import { placeOf } from "@/components/ObjectLink";
import { number, percent } from "@/lib/format";
import { Bar } from "./Bar";
import { useValueName } from "./data";
import { type Dimension, type Filters, nextBy } from "./search";
import type { Row } from "./shape";
import { Change } from "./Tiles";

const objects: Partial<Record<Dimension, string>> = { line: "line", pool: "pool", address: "address", node: "node", zone: "zone" };

/** What a row narrows the page to; undefined: it is no value of its own. */
export function narrowed(by: Dimension, row: Row, held: Filters): Filters | undefined {
  const v = row.key[by] ?? "";
  if (v === "(other)") return undefined;
  if (by === "pool" || by === "address") return v === "" ? { ...held, rcode: "NODATA" } : { ...held, [by]: v };
  if (by === "name") return { ...held, name: v, ...(row.key.type ? { type: row.key.type } : {}) };
  return v === "" || held[by] !== undefined ? undefined : { ...held, [by]: v };
}

export function Ranking({
  label,
  by,
  rows,
  held,
  changes,
  compact = false,
}: {
  label: string;
  by: Dimension;
  rows: Row[] | undefined;
  held: Filters;
  /** Change of a row against the time before; absent: not known for this time. */
  changes?: ((r: Row) => number | undefined) | undefined;
  compact?: boolean;
}) {
  const { t } = useTranslation("traffic");
  const valueName = useValueName();
  const most = Math.max(0, ...(rows ?? []).map((r) => r.share));
  const name = (r: Row) => {
    const v = r.key[by] ?? "";
    const to = narrowed(by, r, held);
    const next = to && nextBy(to, by);
    const text = valueName(by, v);
    const kind = objects[by];
    const place = kind && v && v !== "(other)" ? placeOf(kind, v) : undefined;
    const cell = (
      <Group gap={6} wrap="nowrap">
        {to && next ? (
          <Anchor
            component={Link}
            to="/traffic"
            search={((s: object) => ({ ...s, ...to, by: next })) as never}
            fz="inherit"
            display="inline-flex"
            mih={24}
            style={{ overflowWrap: "anywhere", alignItems: "center" }}
          >
            {text}
          </Anchor>
        ) : (
          <Text span inherit style={{ overflowWrap: "anywhere" }}>
            {text}
          </Text>
        )}
        {by === "name" && r.key.type && (
          <Badge variant="default" size="sm">
            {r.key.type}
          </Badge>
        )}
        {by === "line" && text !== v && v !== "" && v !== "(other)" && (
          <Text span fz="xs" c="dimmed" className="mono" visibleFrom="md">
            {v}
          </Text>
        )}
        {!compact && place && (
          <ActionIcon
            component={Link}
            {...(place as { to: string })}
            variant="subtle"
            color="gray"
            size={24}
            aria-label={t("open", { what: `${t(`by.${by}`)} ${text}` })}
          >
            <IconArrowRight size={14} aria-hidden />
          </ActionIcon>
        )}
      </Group>
    );
    if (by !== "subnet" || r.key.country === undefined) return cell;
    return (
      <>
        {cell}
        <Text fz="xs" c="dimmed">
          {valueName("country", r.key.country)}
        </Text>
      </>
    );
  };
  const columns: Column<Row>[] = [
    { key: "name", title: t(`by.${by}`), cell: name },
    { key: "total", title: t("col.queries"), numeric: true, width: "20%", cell: (r) => number(r.total) },
    {
      key: "share",
      title: t("col.share"),
      width: compact ? "32%" : "25%",
      cell: (r) => (
        <Stack gap={2}>
          <Text span inherit ta="right">
            {percent(r.share)}
          </Text>
          <Bar share={most > 0 ? r.share / most : 0} />
        </Stack>
      ),
    },
  ];
  if (!compact && changes)
    columns.push({ key: "change", title: t("col.change"), numeric: true, width: 110, wide: true, cell: (r) => <Change by={changes(r)} /> });
  if (!compact && rows?.some((r) => r.samples !== undefined))
    columns.push({ key: "samples", title: t("col.samples"), numeric: true, width: 110, wide: true, cell: (r) => number(r.samples) });
  return (
    <DataTable
      label={label}
      columns={columns}
      rows={rows}
      loading={!rows}
      keyOf={(r) => JSON.stringify(r.key)}
      skeletonRows={compact ? 5 : 8}
    />
  );
}
