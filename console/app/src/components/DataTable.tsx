// A table of objects: columns that sort, rows that link, a skeleton of the same height
// while it loads, and pages by the API's cursor.
import { ActionIcon, Box, Group, Skeleton, Table, Text, UnstyledButton } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconSelector, IconSortAscending, IconSortDescending } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { number } from "@/lib/format";

export type Column<T> = {
  key: string;
  title: string;
  cell: (row: T) => ReactNode;
  /** The API's name of the field to sort by; absent: cannot be sorted. */
  sort?: string;
  numeric?: boolean;
  width?: number | string;
  /** Left out on narrow screens. */
  wide?: boolean;
};

export type Paging = {
  total?: number | undefined;
  shown: number;
  from: number;
  next?: (() => void) | undefined;
  previous?: (() => void) | undefined;
};

export function DataTable<T>({
  label,
  columns,
  rows,
  keyOf,
  sort,
  onSort,
  loading,
  empty,
  paging,
  skeletonRows = 8,
}: {
  label: string;
  columns: Column<T>[];
  rows: T[] | undefined;
  keyOf: (row: T) => string;
  /** Field, or -field for falling order. */
  sort?: string | undefined;
  onSort?: (sort: string) => void;
  loading?: boolean;
  empty?: ReactNode;
  paging?: Paging;
  skeletonRows?: number;
}) {
  const { t } = useTranslation();
  if (!loading && rows?.length === 0 && empty) return <>{empty}</>;
  return (
    <Box>
      <Table.ScrollContainer minWidth={0} type="native" tabIndex={0} role="region" aria-label={label}>
        <Table aria-label={label} aria-busy={loading}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((c) => {
                const field = c.sort;
                const down = sort === `-${field}`;
                const up = sort === field;
                const Icon = up ? IconSortAscending : down ? IconSortDescending : IconSelector;
                return (
                  <Table.Th
                    key={c.key}
                    w={c.width}
                    className={c.numeric ? "num" : undefined}
                    visibleFrom={c.wide ? "md" : undefined}
                    aria-sort={field ? (up ? "ascending" : down ? "descending" : "none") : undefined}
                  >
                    {field && onSort ? (
                      <UnstyledButton fz="inherit" fw="inherit" onClick={() => onSort(up ? `-${field}` : field)}>
                        <Group gap={2} wrap="nowrap" justify={c.numeric ? "flex-end" : undefined}>
                          {c.title}
                          <Icon size={14} aria-hidden opacity={up || down ? 1 : 0.45} />
                        </Group>
                      </UnstyledButton>
                    ) : (
                      c.title
                    )}
                  </Table.Th>
                );
              })}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {loading && !rows
              ? Array.from({ length: skeletonRows }, (_, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: rows of a skeleton are all alike
                  <Table.Tr key={i}>
                    {columns.map((c) => (
                      <Table.Td key={c.key} visibleFrom={c.wide ? "md" : undefined}>
                        <Skeleton height={14} my={4} width={c.numeric ? "60%" : "80%"} ml={c.numeric ? "auto" : undefined} />
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))
              : rows?.map((row) => (
                  <Table.Tr key={keyOf(row)}>
                    {columns.map((c) => (
                      <Table.Td key={c.key} className={c.numeric ? "num" : undefined} visibleFrom={c.wide ? "md" : undefined}>
                        {c.cell(row)}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {paging && (paging.next || paging.previous || paging.total !== undefined) && (
        <Group justify="space-between" mt="xs">
          <Text fz="sm" c="dimmed" aria-live="polite">
            {t(paging.total === undefined ? "table.range" : "table.shown", {
              from: number(paging.shown ? paging.from : 0),
              to: number(paging.from + paging.shown - (paging.shown ? 1 : 0)),
              total: number(paging.total),
            })}
          </Text>
          {(paging.next || paging.previous) && (
            <Group gap={4}>
              <ActionIcon variant="default" aria-label={t("table.previous")} disabled={!paging.previous} onClick={paging.previous}>
                <IconChevronLeft size={16} aria-hidden />
              </ActionIcon>
              <ActionIcon variant="default" aria-label={t("table.next")} disabled={!paging.next} onClick={paging.next}>
                <IconChevronRight size={16} aria-hidden />
              </ActionIcon>
            </Group>
          )}
        </Group>
      )}
    </Box>
  );
}
