// What clients get, before and after: what goes empty first, then what most clients ask for.
import { Alert, Badge, Box, Group, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { ObjectLink } from "@/components/ObjectLink";
import { duration, number } from "@/lib/format";
import { useLineName } from "@/lib/lines";

type Outcome = Schemas["AnswerOutcome"];
type Name = Schemas["NameEffect"];
type Client = Schemas["ClientEffect"];

const colors: Record<Name["change"], string> = { empty: "red", disappears: "red", changed: "blue", appears: "green" };

/** An answer in a few words: pools with their addresses, or that there is none. */
export function Answer({ of, other }: { of: Outcome | undefined; other?: Outcome | undefined }) {
  const { t } = useTranslation("changes");
  if (!of) return <Text fz="sm">{t("no_name")}</Text>;
  if (of.pools.length === 0)
    return (
      <Text fz="sm" c="var(--m-state-red)">
        {t("no_answer")}
      </Text>
    );
  return (
    <Stack gap={0}>
      {of.basis === "last_resort" && (
        <Text fz="xs" c="var(--m-state-orange)" fw={600}>
          {t("last_resort")}
        </Text>
      )}
      {of.pools.slice(0, 6).map((p) => (
        <Text key={p.pool} fz="sm" style={{ overflowWrap: "anywhere" }}>
          <Text span fw={600} fz="sm">
            {p.pool}
          </Text>
          {p.weight !== undefined && of.pools.length > 1 ? ` ×${p.weight}` : ""}{" "}
          <Text span fz="sm" c="dimmed">
            {p.addresses
              .slice(0, 4)
              .map((a) => a.value)
              .join(", ")}
            {p.addresses.length > 4 ? ` +${p.addresses.length - 4}` : ""}
          </Text>
        </Text>
      ))}
      {other?.ttl !== undefined && of.ttl !== undefined && other.ttl !== of.ttl && (
        <Text fz="xs" c="dimmed">
          {t("field.ttl")} {duration(of.ttl)}
        </Text>
      )}
      {of.pools.length > 6 && <Text fz="sm" c="dimmed">{`+${of.pools.length - 6}`}</Text>}
    </Stack>
  );
}

/** The networks that ask most, with what they get: what the lines cannot say, like a place that is nearer now. */
function Clients({ of, name }: { of: Client[]; name: string }) {
  const { t } = useTranslation("changes");
  const lineName = useLineName();
  const [all, setAll] = useState(false);
  const shown = all ? of : of.slice(0, 5);
  return (
    <>
      <Table
        ml={{ base: 0, sm: 28 }}
        w={{ base: "100%", sm: "calc(100% - 28px)" }}
        layout="fixed"
        verticalSpacing={4}
        mt="xs"
        aria-label={t("clients_of", { name })}
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="24%">{t("client")}</Table.Th>
            <Table.Th>{t("was")}</Table.Th>
            <Table.Th>{t("is")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((c) => (
            <Table.Tr key={c.subnet} data-client={c.subnet}>
              <Table.Td valign="top">
                <Text fz="sm" fw={c.changed ? 600 : undefined} style={{ overflowWrap: "anywhere" }}>
                  {c.subnet}
                </Text>
                <Text fz="xs" c="dimmed">
                  {[c.lines[0] ? lineName(c.lines[0]) : "", t("queries", { count: c.queries, n: number(c.queries) })]
                    .filter(Boolean)
                    .join(" · ")}
                </Text>
                {c.empty && (
                  <Text fz="xs" c="var(--m-state-red)" fw={600}>
                    {t("change.empty")}
                  </Text>
                )}
              </Table.Td>
              <Table.Td valign="top">
                <Answer of={c.before} other={c.after} />
              </Table.Td>
              <Table.Td valign="top">
                {c.changed ? (
                  <Answer of={c.after} other={c.before} />
                ) : (
                  <Text fz="sm" c="dimmed">
                    {t("same")}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {of.length > shown.length && (
        <UnstyledButton fz="sm" c="dimmed" ml={{ base: 0, sm: 28 }} mih={24} onClick={() => setAll(true)}>
          {t("clients_all", { count: of.length })}
        </UnstyledButton>
      )}
    </>
  );
}

function OneName({ of, open: first }: { of: Name; open: boolean }) {
  const { t } = useTranslation("changes");
  const [open, setOpen] = useState(first);
  const lineName = useLineName();
  const Chevron = open ? IconChevronDown : IconChevronRight;
  const classes = [...of.classes].sort((a, b) => Number(b.changed) - Number(a.changed) || (b.queries ?? 0) - (a.queries ?? 0));
  const changed = classes.filter((c) => c.changed).length;
  return (
    <Box py={6} style={{ borderTop: "1px solid var(--mantine-color-default-border)" }}>
      <Group gap="xs" wrap="nowrap">
        <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} aria-label={t("details", { name: of.name })} p={4} mih={24}>
          <Chevron size={16} aria-hidden />
        </UnstyledButton>
        <Badge
          color={colors[of.change]}
          variant="light"
          styles={{ root: { textTransform: "none", color: `var(--m-state-${colors[of.change]})`, flexShrink: 0 } }}
        >
          {t(`change.${of.change}`)}
        </Badge>
        <Text fz="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          <ObjectLink kind="access_domain" name={`${of.name}/${of.type}`}>
            {of.name} {of.type}
          </ObjectLink>
        </Text>
        <Text fz="sm" c="dimmed" ml="auto" ta="right" visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
          {of.queries !== undefined
            ? t("queries", { count: of.queries, n: number(of.queries) })
            : t("classes", { n: changed, of: classes.length })}
        </Text>
      </Group>
      {open && (
        <>
          <Table
            ml={{ base: 0, sm: 28 }}
            w={{ base: "100%", sm: "calc(100% - 28px)" }}
            layout="fixed"
            verticalSpacing={4}
            mt={4}
            aria-label={of.name}
          >
            <Table.Thead>
              <Table.Tr>
                <Table.Th w="24%">{t("line")}</Table.Th>
                <Table.Th>{t("was")}</Table.Th>
                <Table.Th>{t("is")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {classes.map((c) => (
                <Table.Tr key={c.line}>
                  <Table.Td valign="top">
                    <Text fz="sm" fw={c.changed ? 600 : undefined}>
                      {lineName(c.line)}
                    </Text>
                    {c.queries !== undefined && (
                      <Text fz="xs" c="dimmed">
                        {t("queries", { count: c.queries, n: number(c.queries) })}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td valign="top">
                    <Answer of={c.before} other={c.after} />
                  </Table.Td>
                  <Table.Td valign="top">
                    {c.changed ? (
                      <Answer of={c.after} other={c.before} />
                    ) : (
                      <Text fz="sm" c="dimmed">
                        {t("same")}
                      </Text>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {of.clients && of.clients.length > 0 && <Clients of={of.clients} name={of.name} />}
        </>
      )}
    </Box>
  );
}

export function Effect({ of, past }: { of: Schemas["Effect"]; past?: boolean }) {
  const { t } = useTranslation("changes");
  const lineName = useLineName();
  const n = of.names.length + of.omitted;
  return (
    <Stack gap="xs">
      <Text fz="sm">
        {n === 0 ? t(past ? "no_effect_past" : "no_effect") : t(past ? "effect_past" : "effect", { count: n, n: number(n) })}
        {n > 0 && of.cached_for > 0 && !past ? ` ${t("cached", { time: duration(of.cached_for) })}` : ""}
        {of.unchanged > 0 ? ` ${t("unchanged", { count: of.unchanged, n: number(of.unchanged) })}` : ""}
      </Text>
      {of.empty > 0 && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t("empty", { count: of.empty })} />
      )}
      {of.names.length > 0 && (
        <div>
          {of.names.map((x) => (
            <OneName key={`${x.name}/${x.type}`} of={x} open={of.names.length <= 3} />
          ))}
        </div>
      )}
      {of.omitted > 0 && (
        <Text fz="sm" c="dimmed">
          {t("omitted", { count: of.omitted, n: number(of.omitted) })}
        </Text>
      )}
      {of.records.map((r) => (
        <Text fz="sm" key={r.record}>
          {t(r.hidden ? "record_hidden" : "record_shown", { record: r.record.split("/").slice(1).join(" ") })}
        </Text>
      ))}
      {of.lines.map((l) => (
        <Text fz="sm" key={l.line}>
          {t("line_moves", { line: lineName(l.line), count: l.names })}
        </Text>
      ))}
      {of.by_distance > 0 && <Text fz="sm">{t("by_distance", { count: of.by_distance, n: number(of.by_distance) })}</Text>}
      {of.new_map && <Text fz="sm">{t("new_map")}</Text>}
    </Stack>
  );
}
