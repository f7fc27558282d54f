import { ScrollArea, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** The numbers of a chart: the first column names the rows. */
export type TwinTable = { columns: string[]; rows: (string | number)[][] };

// What a browser lays out at once without a stall; who wants all asks the API.
const most = 500;

export function Twin({ label, table, height }: { label: string; table: TwinTable; height: number }) {
  const { t } = useTranslation();
  if (table.rows.length === 0)
    return (
      <Text fz="sm" c="dimmed" h={height}>
        {t("chart.nothing")}
      </Text>
    );
  return (
    <ScrollArea h={height} type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": label }}>
      <Table stickyHeader aria-label={label} fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {table.columns.map((c, i) => (
              <Table.Th key={c} className={i > 0 ? "num" : undefined}>
                {c}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {table.rows.slice(0, most).map((r, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of numbers have no other name
            <Table.Tr key={at}>
              {r.map((v, i) =>
                i === 0 ? (
                  <Table.Th key={table.columns[i]} scope="row" fw={400}>
                    {v}
                  </Table.Th>
                ) : (
                  <Table.Td key={table.columns[i]} className="num">
                    {v}
                  </Table.Td>
                ),
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
        {table.rows.length > most && <Table.Caption>{t("chart.cut", { count: most, total: table.rows.length })}</Table.Caption>}
      </Table>
    </ScrollArea>
  );
}
