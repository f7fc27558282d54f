// What happened in an incident, at three densities: as a chain of causes, as a timeline, as rows.
import { Anchor, Box, Group, Skeleton, Stack, Table, Text, ThemeIcon, Timeline } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type Icon, IconArrowRight, IconCircleCheck, IconCircleX, IconHelpCircle, IconRoute } from "@tabler/icons-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem } from "@/components/Problem";
import { Change, sayCause, Transitions } from "@/components/Transitions";
import { say } from "@/i18n/say";
import { duration, moment, number, seconds } from "@/lib/format";
import { stateOfWord } from "@/lib/health";
import { useLineName } from "@/lib/lines";
import { classesOf } from "./clients";

type Step = Schemas["Transition"];

/** Steps that came together: one moment, causes first. */
export type Moment = { at: string; steps: Step[] };

export function moments(steps: Step[]): Moment[] {
  const out: Moment[] = [];
  for (const s of steps) {
    const last = out.at(-1);
    // What came within a second reads as one moment.
    if (last && new Date(s.at).getTime() - new Date(last.at).getTime() < 1000) last.steps.push(s);
    else out.push({ at: s.at, steps: [s] });
  }
  return out;
}

const order = ["vantage", "task", "address", "pool", "domain"];

/** Steps of a moment by kind and outcome, in the order of cause and effect. */
export function folded(steps: Step[]): { kind: string; to: string; list: Step[] }[] {
  const out = new Map<string, { kind: string; to: string; list: Step[] }>();
  for (const s of [...steps].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || a.id - b.id)) {
    const key = s.kind === "domain" ? "domain" : `${s.kind} ${s.to}`;
    const g = out.get(key);
    if (g) g.list.push(s);
    else out.set(key, { kind: s.kind, to: s.kind === "domain" ? "changed" : s.to, list: [s] });
  }
  return [...out.values()];
}

const looks: Record<string, { icon: Icon; color: string }> = {
  ok: { icon: IconCircleCheck, color: "var(--m-state-green)" },
  down: { icon: IconCircleX, color: "var(--m-state-red)" },
  stale: { icon: IconCircleX, color: "var(--m-state-orange)" },
  unknown: { icon: IconHelpCircle, color: "var(--m-state-gray)" },
  changed: { icon: IconRoute, color: "var(--m-state-blue)" },
};
const lookOf = (kind: string, to: string) => looks[kind === "domain" ? "changed" : stateOfWord(to)] ?? looks.unknown;

/** The whole incident in a line or a few: what led to what. */
export function Chain({ steps }: { steps: Step[] }) {
  const { t } = useTranslation("incidents");
  const all = useMemo(() => moments(steps), [steps]);
  return (
    <Table fz="sm" verticalSpacing={6} aria-label={t("view_compact")}>
      <Table.Tbody>
        {all.map((m) => (
          <Table.Tr key={`${m.at}${m.steps[0]?.id}`}>
            <Table.Td w={170} style={{ whiteSpace: "nowrap", verticalAlign: "top" }}>
              {moment(m.at)}
            </Table.Td>
            <Table.Td>
              <Group gap={6} component="ol" p={0} m={0} style={{ listStyle: "none" }}>
                {folded(m.steps).map((g, i) => {
                  const l = lookOf(g.kind, g.to);
                  const I = l?.icon ?? IconHelpCircle;
                  return (
                    <Group component="li" gap={4} wrap="nowrap" key={`${g.kind}${g.to}`}>
                      {i > 0 && <IconArrowRight size={14} role="img" aria-label={t("then")} />}
                      <I size={15} color={l?.color} aria-hidden />
                      <Text fz="sm">
                        {g.list.length === 1 && g.list[0] ? (
                          <>
                            {t(`kind_${g.kind}`)} <ObjectLink kind={g.kind} name={g.list[0].subject} />{" "}
                          </>
                        ) : (
                          `${t(`n_${g.kind}`, { count: g.list.length })} `
                        )}
                        {g.kind === "domain" ? t("answers_changed") : t(`common:transition.word_${g.to}`, g.to)}
                      </Text>
                    </Group>
                  );
                })}
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

// A failure of a hundred addresses is told by its first few and a number.
const mostShown = 6;

function Sentence({ s }: { s: Step }) {
  const { t } = useTranslation("incidents");
  const l = lookOf(s.kind, s.to);
  const I = l?.icon ?? IconHelpCircle;
  const findings = s.kind === "task" && Array.isArray(s.data) ? (s.data as Schemas["TaskHealth"]["findings"]) : [];
  const failed = findings.filter((f) => f.finding === "failed");
  const state = stateOfWord(s.to);
  return (
    <Group gap={6} wrap="nowrap" align="flex-start" data-step={`${s.kind} ${s.to}`}>
      <Box mt={3}>
        <I size={15} color={l?.color} aria-hidden />
      </Box>
      <div style={{ minWidth: 0, overflowWrap: "anywhere" }}>
        {s.kind === "task" ? (
          <Text fz="sm">
            {state === "down" ? t("probe_failed") : state === "ok" ? t("probe_good") : t("probe_unknown")}{" "}
            <ObjectLink kind="task" name={s.subject} />
            {state === "down" && failed.length > 0 ? (
              <>
                :{" "}
                {failed.slice(0, 4).map((f, i) => (
                  <span key={f.vantage}>
                    {i > 0 && "; "}
                    <ObjectLink kind="vantage" name={f.vantage} /> {say(f.said ?? { text: f.reason ?? "" })}
                  </span>
                ))}
                {failed.length > 4 && ` +${number(failed.length - 4)}`}
              </>
            ) : (
              <Text span fz="sm" c="dimmed">
                {" "}
                · {sayCause(s)}
              </Text>
            )}
          </Text>
        ) : s.kind === "domain" ? (
          <>
            <Text fz="sm">
              {t("answers_of")} <ObjectLink kind="domain" name={s.subject} /> {t("answers_changed")}
            </Text>
            <Group gap={6}>
              <Change kind="domain" from={s.from} to={s.to} />
            </Group>
          </>
        ) : (
          <Text fz="sm">
            {t(`kind_${s.kind}`)} <ObjectLink kind={s.kind} name={s.subject} /> <b>{t(`common:transition.word_${s.to}`, s.to)}</b>
            {s.cause ? (
              <Text span fz="sm" c="dimmed">
                {" "}
                · {sayCause(s)}
              </Text>
            ) : null}
          </Text>
        )}
      </div>
    </Group>
  );
}

function FoldedSteps({ list }: { list: Step[] }) {
  const { t } = useTranslation("incidents");
  const [open, { toggle }] = useDisclosure(false);
  const shown = open ? list : list.slice(0, mostShown);
  return (
    <Stack gap={4}>
      {shown.map((s) => (
        <Sentence key={s.id} s={s} />
      ))}
      {list.length > mostShown && (
        <Anchor component="button" type="button" fz="sm" onClick={toggle} aria-expanded={open} ta="left">
          {open ? t("fewer") : t("more_steps", { count: list.length - mostShown })}
        </Anchor>
      )}
    </Stack>
  );
}

export function StepTimeline({ steps }: { steps: Step[] }) {
  const all = useMemo(() => moments(steps), [steps]);
  const { t } = useTranslation("incidents");
  const begin = all[0] ? new Date(all[0].at).getTime() : 0;
  return (
    <Timeline bulletSize={22} lineWidth={2} active={all.length}>
      {all.map((m) => {
        const groups = folded(m.steps);
        const worst = groups.some((g) => g.kind !== "domain" && stateOfWord(g.to) === "down")
          ? looks.down
          : groups.some((g) => stateOfWord(g.to) === "ok")
            ? looks.ok
            : looks.changed;
        const I = worst?.icon ?? IconHelpCircle;
        const after = (new Date(m.at).getTime() - begin) / 1000;
        return (
          <Timeline.Item
            key={`${m.at}${m.steps[0]?.id}`}
            bullet={
              <ThemeIcon size={22} radius="xl" variant="default" aria-hidden>
                <I size={14} color={worst?.color} />
              </ThemeIcon>
            }
            title={
              <Text fz="sm" fw={600}>
                <time dateTime={m.at}>{moment(m.at)}</time>
                {after > 0 && (
                  <Text span fz="xs" c="dimmed">
                    {" "}
                    {t("after", { duration: duration(after) })}
                  </Text>
                )}
              </Text>
            }
          >
            <Stack gap={4}>
              {groups.map((g) => (
                <FoldedSteps key={`${g.kind}${g.to}`} list={g.list} />
              ))}
            </Stack>
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}

/** Everything: each transition with all that vantages found and what each line got. */
export function Full({ steps }: { steps: Step[] }) {
  const { t } = useTranslation("incidents");
  const lineName = useLineName();
  return (
    <Stack gap="md">
      <Transitions list={steps} label={t("view_full")} />
      {steps
        .filter((s) => s.kind === "task" && Array.isArray(s.data) && s.data.length > 0)
        .slice(0, 100)
        .map((s) => (
          <details key={s.id}>
            <summary>
              <Text span fz="sm">
                {t("found_at", { subject: s.subject, at: moment(s.at) })}
              </Text>
            </summary>
            <Table fz="sm" aria-label={t("found_at", { subject: s.subject, at: moment(s.at) })}>
              <Table.Tbody>
                {(s.data as Schemas["TaskHealth"]["findings"]).map((f) => (
                  <Table.Tr key={f.vantage}>
                    <Table.Td>
                      <ObjectLink kind="vantage" name={f.vantage} />
                    </Table.Td>
                    <Table.Td>{t(`finding_${f.finding}`)}</Table.Td>
                    <Table.Td>{say(f.said ?? { text: f.reason ?? "" })}</Table.Td>
                    <Table.Td className="num">{duration(seconds(f.latency))}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </details>
        ))}
      {steps
        .filter((s) => s.kind === "domain" && classesOf(s.data).length > 0)
        .slice(0, 100)
        .map((s) => (
          <details key={s.id}>
            <summary>
              <Text span fz="sm">
                {t("lines_at", { subject: s.subject, at: moment(s.at) })}
              </Text>
            </summary>
            <Text fz="sm" component="div">
              {classesOf(s.data).map((c) => (
                <div key={c.line}>
                  {lineName(c.line)}: {c.before?.pools.map((p) => p.pool).join(", ") || "–"} →{" "}
                  {c.after?.pools.map((p) => p.pool).join(", ") || "–"}
                </div>
              ))}
            </Text>
          </details>
        ))}
    </Stack>
  );
}

/** The chain of one incident in a list, asked for when it is unfolded. */
export function StepsOf({ id }: { id: number }) {
  const { t } = useTranslation("incidents");
  const [open, { toggle }] = useDisclosure(false);
  const { data, error } = $api.useQuery(
    "get",
    "/api/v1/history/incidents/{id}",
    { params: { path: { id: String(id) } } },
    { enabled: open },
  );
  return (
    <>
      <Anchor component="button" type="button" fz="sm" onClick={toggle} aria-expanded={open} mt={6}>
        {t(open ? "hide_steps" : "show_steps")}
      </Anchor>
      {open && <Box mt="xs">{error ? <Problem error={error} /> : data ? <Chain steps={data.steps} /> : <Skeleton height={60} />}</Box>}
    </>
  );
}
