// What is wrong now: one card for each outage, the gravest first.
import { Anchor, Badge, Button, Card, Collapse, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowRight, IconTimeline } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { Answer } from "@/changes/Effect";
import { ObjectLink } from "@/components/ObjectLink";
import { OrderText } from "@/components/OrderText";
import { Scroll } from "@/components/Scroll";
import { type State, StateBadge } from "@/components/State";
import { Ago } from "@/components/Time";
import { QuickActions } from "@/edit";
import { say } from "@/i18n/say";
import { stateOfGrade } from "@/lib/health";
import { useLineName } from "@/lib/lines";
import { type Group as Grouped, group, merged, type Problem } from "./group";

const why = (c: Schemas["Cause"]) => say(c.said ?? { text: c.reason ?? "" });

const states: Record<string, State> = {
  withdrawn: "withdrawn",
  forced: "manual",
  stale: "stale",
  silent: "down",
  lagging: "stale",
  unready: "down",
  differs: "degraded",
  isolated: "stale",
  lost: "down",
  alarm: "degraded",
};

export function stateOfProblem(p: Problem): State {
  return states[p.state] ?? stateOfGrade(p.state);
}

const border: Record<string, string> = { critical: "red", major: "red", minor: "yellow", info: "gray" };

// So many of what else is touched stand in the card; the rest is one click away.
const mostBeside = 8;

export function Problems({ of }: { of: Schemas["Overview"] }) {
  const { t } = useTranslation("overview");
  const groups = useMemo(() => group(of.problems), [of.problems]);
  const omitted = Object.values(of.omitted).reduce((n, by) => n + Object.values(by).reduce((m, k) => m + k, 0), 0);
  const [open, { open: showAll }] = useDisclosure(false);
  // What nobody needs to act on comes last and folded, when there is more than that.
  const quiet = (g: Grouped) => g.head.severity === "info";
  const loud = groups.filter((g) => !quiet(g));
  const first = open ? groups : (loud.length > 0 ? loud : groups).slice(0, 10);
  const more = groups.length - first.length;
  return (
    <Stack gap="sm" component="section" aria-label={t("wrong_now")}>
      <Group justify="space-between">
        <Title order={2}>{t("wrong_now")}</Title>
        <Group gap={6}>
          {(["critical", "major", "minor", "info"] as const)
            .filter((s) => of.severity[s])
            .map((s) => (
              <Badge
                key={s}
                variant="light"
                color={border[s] ?? "gray"}
                styles={{ root: { textTransform: "none", color: `var(--m-state-${border[s]})` } }}
              >
                {t(`severity_${s}`, { count: of.severity[s] ?? 0 })}
              </Badge>
            ))}
        </Group>
      </Group>
      {first.map((g) => (
        <OneGroup key={g.key} g={g} />
      ))}
      {more > 0 && (
        <Button variant="default" onClick={showAll} style={{ alignSelf: "flex-start" }}>
          {t("more_groups", { count: more })}
        </Button>
      )}
      {omitted > 0 && (
        <Text fz="sm" c="dimmed">
          {t("omitted", { count: omitted })}
        </Text>
      )}
    </Stack>
  );
}

function OneGroup({ g }: { g: Grouped }) {
  const { t } = useTranslation("overview");
  const lineName = useLineName();
  const { head: p, rest } = g;
  const instead = useMemo(() => merged(p.instead ?? []), [p.instead]);
  const [open, { toggle }] = useDisclosure(false);
  const incident = p.incident ?? rest.find((r) => r.incident)?.incident;
  const causes = p.causes ?? [];
  return (
    <Card
      withBorder
      data-problem={g.key}
      style={{ borderLeft: `4px solid var(--m-state-${border[p.severity]})` }}
      component="article"
      aria-label={t("problem_of", { name: p.name })}
    >
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
        <div style={{ minWidth: 0 }}>
          <Group gap="xs">
            <StateBadge state={stateOfProblem(p)} word={t(`problem_state_${p.state}`)} />
            <Text fz="xs" c="dimmed">
              {t(`common:kind_one.${p.kind}`, t(`kind_${p.kind}`))}
            </Text>
            <Text fw={650} component="h3" m={0} fz="md" style={{ overflowWrap: "anywhere" }}>
              {p.kind === "override" ? t("an_order") : <ObjectLink kind={p.kind === "alarm" ? "node" : p.kind} name={p.name} fz="md" />}
            </Text>
          </Group>
          <Text fz="sm" mt={4}>
            {p.kind === "override" && p.override ? <OrderText o={p.override} /> : say(p.text)}
            {g.since && (
              <Text span fz="sm" c="dimmed">
                {" · "}
                {t("since")} <Ago at={g.since} />
              </Text>
            )}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          {incident ? (
            <Button
              component={Link}
              to="/incidents/$id"
              params={{ id: String(incident) } as never}
              variant="default"
              size="xs"
              leftSection={<IconTimeline size={14} aria-hidden />}
            >
              {t("incident")}
            </Button>
          ) : null}
          {(p.kind === "pool" || p.kind === "address" || p.kind === "access_domain") && <QuickActions kind={p.kind} objectKey={p.name} />}
        </Group>
      </Group>
      {causes.length > 0 && (
        <Stack gap={2} mt="xs">
          {causes.map((c) => (
            <Text fz="sm" key={c.task}>
              <Text span fz="sm" c="dimmed">
                {t("cause")}{" "}
              </Text>
              <ObjectLink kind="task" name={c.task}>
                {c.task}
              </ObjectLink>{" "}
              {why(c) ? (c.vantage ? t("cause_at", { vantage: c.vantage, reason: why(c) }) : why(c)) : t("cause_down")}
              <Text span fz="sm" c="dimmed">
                {" "}
                ({t("votes", { failed: c.failed, voting: c.voting })})
              </Text>
            </Text>
          ))}
        </Stack>
      )}
      {instead.length > 0 && (
        <Scroll label={t("instead")} min={560}>
          <Table mt="sm" fz="sm" verticalSpacing={4} aria-label={t("instead")} layout="auto">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("clients")}</Table.Th>
                <Table.Th>{t("before")}</Table.Th>
                <Table.Th w={24} aria-hidden />
                <Table.Th>{t("get_now")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {instead.map((i) => (
                <Table.Tr key={i.lines.join()} data-instead={i.lines.join()}>
                  <Table.Td>{i.lines.map((l) => lineName(l)).join(", ")}</Table.Td>
                  <Table.Td>
                    <Answer of={i.before} />
                  </Table.Td>
                  <Table.Td>
                    <IconArrowRight size={14} role="img" aria-label={t("common:transition.becomes")} />
                  </Table.Td>
                  <Table.Td>
                    <Answer of={i.now} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
            {p.more_lines ? <Table.Caption>{t("more_lines", { count: p.more_lines })}</Table.Caption> : null}
          </Table>
        </Scroll>
      )}
      {instead.length === 0 && p.domains && p.kind !== "override" && (
        <Text fz="sm" mt="xs" c="dimmed">
          {p.domains.count === 0 ? t("reaches_none") : t("reaches", { count: p.domains.count })}{" "}
          {p.domains.names.map((n, i) => (
            <span key={n}>
              {i > 0 && ", "}
              <ObjectLink kind="access_domain" name={n} />
            </span>
          ))}
        </Text>
      )}
      {rest.length > 0 && (
        <>
          <Group gap="xs" mt="sm" align="center">
            <Text fz="sm" c="dimmed">
              {t("with_it", { count: rest.length })}
            </Text>
            {rest.slice(0, mostBeside).map((r) => (
              <Group gap={2} key={`${r.kind}/${r.name}`} wrap="nowrap">
                <StateBadge state={stateOfProblem(r)} word={t(`kind_${r.kind}`)} />
                <ObjectLink kind={r.kind === "alarm" ? "node" : r.kind} name={r.name} fz="sm" />
              </Group>
            ))}
            <Anchor component="button" type="button" fz="sm" onClick={toggle} aria-expanded={open}>
              {open ? t("fewer") : rest.length > mostBeside ? t("all_of", { count: rest.length }) : t("details")}
            </Anchor>
          </Group>
          <Collapse expanded={open}>
            <Table mt="xs" fz="sm" verticalSpacing={4} aria-label={t("with_it", { count: rest.length })}>
              <Table.Tbody>
                {rest.map((r) => (
                  <Table.Tr key={`${r.kind}/${r.name}/${r.text.text}`}>
                    <Table.Td>
                      <StateBadge state={stateOfProblem(r)} word={t(`problem_state_${r.state}`)} />
                    </Table.Td>
                    <Table.Td>
                      <ObjectLink kind={r.kind === "alarm" ? "node" : r.kind} name={r.name} />
                    </Table.Td>
                    <Table.Td>{say(r.text)}</Table.Td>
                    <Table.Td className="num">{r.since ? <Ago at={r.since} /> : "–"}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Collapse>
        </>
      )}
    </Card>
  );
}
