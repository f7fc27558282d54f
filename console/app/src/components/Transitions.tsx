// What changed, when and why: rows of /history/transitions.
import { Group, Table, Text } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "@/api/client";
import { say } from "@/i18n/say";
import { stateOfWord } from "@/lib/health";
import { ObjectLink } from "./ObjectLink";
import { Scroll } from "./Scroll";
import { StateBadge } from "./State";
import { Moment } from "./Time";

export type Transition = Schemas["Transition"];

/** The cause in the reader's language, where the server gives it as a code. */
export function sayCause(tr: Transition): string {
  return say(tr.said ?? { text: tr.cause ?? "" });
}

/** From one state to another; an access domain's states are what it answers. */
export function Change({ from, to, kind }: { from: string; to: string; kind: string }) {
  const { t } = useTranslation();
  if (kind === "domain")
    return (
      <Group gap={6} wrap="wrap">
        <Text span fz="sm" c="dimmed">
          {from}
        </Text>
        <IconArrowRight size={14} role="img" aria-label={t("transition.becomes")} />
        <Text span fz="sm">
          {to}
        </Text>
      </Group>
    );
  return (
    <Group gap={6} wrap="nowrap" miw="max-content">
      <StateBadge state={stateOfWord(from)} word={t(`transition.word_${from}`, from)} />
      <IconArrowRight size={14} role="img" aria-label={t("transition.becomes")} />
      <StateBadge state={stateOfWord(to)} word={t(`transition.word_${to}`, to)} />
    </Group>
  );
}

export function Transitions({ list, label, subject = true }: { list: Transition[]; label: string; subject?: boolean }) {
  const { t } = useTranslation();
  return (
    <Scroll label={label}>
      <Table aria-label={label} fz="sm" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={170}>{t("transition.at")}</Table.Th>
            {subject && <Table.Th>{t("transition.subject")}</Table.Th>}
            <Table.Th>{t("transition.change")}</Table.Th>
            <Table.Th>{t("transition.cause")}</Table.Th>
            <Table.Th visibleFrom="sm">{t("transition.incident")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.map((tr) => (
            <Table.Tr key={tr.id} data-transition={tr.to}>
              <Table.Td>
                <Moment at={tr.at} />
              </Table.Td>
              {subject && (
                <Table.Td>
                  <Text span fz="xs" c="dimmed">
                    {t(`transition.kind_${tr.kind}`)}{" "}
                  </Text>
                  <ObjectLink kind={tr.kind} name={tr.subject} />
                </Table.Td>
              )}
              <Table.Td>
                <Change from={tr.from} to={tr.to} kind={tr.kind} />
              </Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{sayCause(tr)}</Table.Td>
              <Table.Td visibleFrom="sm">
                <ObjectLink kind="incident" name={String(tr.incident)}>
                  {t("transition.open")}
                </ObjectLink>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scroll>
  );
}
