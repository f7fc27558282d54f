// What a change does to answers, as the API says: names that go empty first, then each line before and after.
import { Alert, Badge, Card, Collapse, Group, List, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconAlertOctagon, IconArrowRight, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { i18n } from "@/i18n";
import { duration, number, percent } from "@/lib/format";
import { useLineName } from "./lines";

type Effect = Schemas["Effect"];
type NameEffect = Schemas["NameEffect"];
type LineEffect = Schemas["LineEffect"];
type Outcome = Schemas["AnswerOutcome"];

/** An answer in words: which pools with which addresses, or that there is nothing. */
export function Answer({ of, lean }: { of: Outcome | undefined; lean?: boolean }) {
  const { t } = useTranslation("edit");
  if (!of) return <Text fz="sm">{t("effect.none")}</Text>;
  if (of.pools.length === 0)
    return (
      <Text fz="sm" c="var(--m-state-red)">
        {t("effect.nodata")}
      </Text>
    );
  const sum = of.pools.reduce((a, p) => a + (p.weight ?? 0), 0);
  return (
    <Stack gap={2}>
      {of.basis === "last_resort" && (
        <Text fz="xs" c="var(--m-state-red)">
          {t("effect.last_resort")}
        </Text>
      )}
      {of.basis === "unmatched" && (
        <Text fz="xs" c="var(--m-state-yellow)">
          {t("effect.unmatched")}
        </Text>
      )}
      {of.pools.map((p) => {
        const w = p.addresses.reduce((a, x) => a + (x.weight ?? 0), 0);
        return (
          <div key={p.pool}>
            <Text fz="sm" span fw={550}>
              {p.pool}
              {of.rule === "draw" && sum > 0 ? ` ${percent((p.weight ?? 0) / sum, 0)}` : ""}
            </Text>
            {!lean && (
              <Text fz="xs" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
                {p.addresses
                  .slice(0, 6)
                  .map((a) => a.value + (p.rule === "draw" && w > 0 && p.addresses.length > 1 ? ` ${percent((a.weight ?? 0) / w, 0)}` : ""))
                  .join(", ")}
                {p.addresses.length > 6 ? ` +${p.addresses.length - 6}` : ""}
              </Text>
            )}
          </div>
        );
      })}
    </Stack>
  );
}

const looks = { empty: "red", disappears: "orange", changed: "blue", appears: "green" } as const;

function LineRows({ rows, weighted }: { rows: LineEffect[]; weighted: boolean }) {
  const { t } = useTranslation("edit");
  const nameOf = useLineName();
  return (
    <Table.ScrollContainer minWidth={0} type="native">
      <Table verticalSpacing={4} layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="26%">{t("effect.line")}</Table.Th>
            {weighted && (
              <Table.Th w={90} className="num" visibleFrom="sm">
                {t("effect.queries")}
              </Table.Th>
            )}
            <Table.Th>{t("effect.before")}</Table.Th>
            <Table.Th w={24}>
              <span aria-hidden />
            </Table.Th>
            <Table.Th>{t("effect.after")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((c) => (
            <Table.Tr key={c.line} data-line={c.line} style={{ verticalAlign: "top" }}>
              <Table.Td>
                <Text fz="sm">{nameOf(c.line)}</Text>
                {c.empty && (
                  <Text fz="xs" c="var(--m-state-red)" fw={600}>
                    {t("effect.goes_empty")}
                  </Text>
                )}
              </Table.Td>
              {weighted && (
                <Table.Td className="num" visibleFrom="sm">
                  {number(c.queries)}
                </Table.Td>
              )}
              <Table.Td>
                <Answer of={c.before} />
              </Table.Td>
              <Table.Td px={0}>{c.changed && <IconArrowRight size={15} aria-hidden />}</Table.Td>
              <Table.Td>
                {c.changed ? (
                  <Answer of={c.after} />
                ) : (
                  <Text fz="sm" c="dimmed">
                    {t("effect.same")}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function NameCard({ of, weighted }: { of: NameEffect; weighted: boolean }) {
  const { t } = useTranslation("edit");
  const [all, setAll] = useState(false);
  const changed = of.classes
    .filter((c) => c.changed)
    .sort((a, b) => Number(b.empty) - Number(a.empty) || (b.queries ?? 0) - (a.queries ?? 0));
  const rest = of.classes.filter((c) => !c.changed);
  return (
    <Card withBorder padding="sm" data-effect={`${of.name}/${of.type}`}>
      <Group gap="xs" mb={4}>
        <Text fw={650}>{of.name}</Text>
        <Text fz="sm" c="dimmed">
          {of.type}
        </Text>
        <Badge
          variant="light"
          color={looks[of.change]}
          styles={{ root: { textTransform: "none", color: `var(--m-state-${looks[of.change]})` } }}
          leftSection={of.change === "empty" ? <IconAlertOctagon size={13} aria-hidden /> : undefined}
        >
          {t(`effect.change.${of.change}`)}
        </Badge>
        {weighted && of.queries !== undefined && (
          <Text fz="xs" c="dimmed">
            {t("effect.queries_hour", { n: number(of.queries) })}
          </Text>
        )}
        {of.cached_for > 0 && (
          <Text fz="xs" c="dimmed">
            {t("effect.cached", { for: duration(of.cached_for) })}
          </Text>
        )}
      </Group>
      <LineRows rows={all ? [...changed, ...rest] : changed} weighted={weighted} />
      {rest.length > 0 && (
        <UnstyledButton fz="xs" c="dimmed" mt={4} mih={24} onClick={() => setAll(!all)} aria-expanded={all}>
          <Group gap={4}>
            {all ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
            {t("effect.unchanged_lines", { count: rest.length, n: number(rest.length) })}
          </Group>
        </UnstyledButton>
      )}
    </Card>
  );
}

/** The whole effect. */
export function EffectDiff({ effect, few = 20 }: { effect: Effect; few?: number }) {
  const { t } = useTranslation("edit");
  const [more, setMore] = useState(false);
  const nameOf = useLineName();
  const quiet = effect.names.length === 0;
  const shown = effect.names.slice(0, few);
  const folded = effect.names.slice(few);
  return (
    <Stack gap="sm">
      {effect.empty > 0 && (
        <Alert
          color="red"
          icon={<IconAlertOctagon aria-hidden />}
          title={t("effect.empty_title", { count: effect.empty, n: number(effect.empty) })}
          role="alert"
        >
          {t("effect.empty_about")}
        </Alert>
      )}
      <Text fz="sm" data-effect-summary>
        {quiet
          ? t("effect.quiet")
          : t("effect.names", { count: effect.names.length + effect.omitted, n: number(effect.names.length + effect.omitted) })}
        {effect.unchanged > 0 && ` ${t("effect.unchanged", { count: effect.unchanged, n: number(effect.unchanged) })}`}
        {!quiet && effect.cached_for > 0 && ` ${t("effect.until", { for: duration(effect.cached_for) })}`}
        {!quiet && !effect.weighted && ` ${t("effect.unweighted")}`}
      </Text>
      {shown.map((n) => (
        <NameCard key={`${n.name}/${n.type}`} of={n} weighted={effect.weighted} />
      ))}
      {folded.length > 0 && (
        <>
          <UnstyledButton fz="sm" mih={24} onClick={() => setMore(!more)} aria-expanded={more}>
            {t("effect.more_names", { count: folded.length, n: number(folded.length) })}
          </UnstyledButton>
          <Collapse expanded={more}>
            <Stack gap="sm">{more && folded.map((n) => <NameCard key={`${n.name}/${n.type}`} of={n} weighted={effect.weighted} />)}</Stack>
          </Collapse>
        </>
      )}
      {effect.omitted > 0 && <Text fz="sm">{t("effect.omitted", { count: effect.omitted, n: number(effect.omitted) })}</Text>}
      {effect.records.length > 0 && (
        <Alert color="yellow" variant="light" title={t("effect.records")}>
          <List fz="sm">
            {effect.records.slice(0, 50).map((r) => (
              <List.Item key={r.record}>
                <span className="mono">{r.record.replaceAll("/", " ")}</span> {t(r.hidden ? "effect.hidden" : "effect.unhidden")}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {effect.lines.length > 0 && (
        <Text fz="sm">
          {t("effect.line_moves")}{" "}
          {effect.lines
            .map((l) => t("effect.line_move", { line: nameOf(l.line), count: l.names, n: number(l.names) }))
            .join(i18n.language === "zh" ? "、" : ", ")}
        </Text>
      )}
      {effect.new_map && <Text fz="sm">{t("effect.new_map")}</Text>}
      {effect.by_distance > 0 && (
        <Text fz="sm">{t("effect.by_distance", { count: effect.by_distance, n: number(effect.by_distance) })}</Text>
      )}
    </Stack>
  );
}
