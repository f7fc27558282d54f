// Beside the canvas: how a part stands and why, with what each vantage found.
import { ActionIcon, Anchor, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Ago } from "@/components/Time";
import { duration, number, seconds } from "@/lib/format";
import { StateMark } from "./icons";
import { lineName, nameOf, ruleWords, saidOf, stateWord } from "./say";
import type { CanvasEdge, CanvasNode, Canvas as Picture, TaskHealth } from "./types";

export function Aside({ title, kind, onClose, children }: { title: string; kind: string; onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation("canvas");
  return (
    <aside className="cv-aside" aria-label={`${kind} ${title}`} onKeyDown={(e) => e.key === "Escape" && onClose()}>
      <Group justify="space-between" wrap="nowrap" p="sm" align="flex-start">
        <div style={{ minWidth: 0 }}>
          <Text fz="xs" c="dimmed">
            {kind}
          </Text>
          <Title order={2} style={{ overflowWrap: "anywhere" }}>
            {title}
          </Title>
        </div>
        <ActionIcon variant="subtle" color="gray" aria-label={t("common:action.close")} onClick={onClose} data-close>
          <IconX size={18} aria-hidden />
        </ActionIcon>
      </Group>
      <Stack gap="sm" px="sm" pb="sm">
        {children}
      </Stack>
    </aside>
  );
}

/** What is known of a part now. */
export function Facts({ picture, n, onGo }: { picture: Picture; n: CanvasNode; onGo: (id: string) => void }) {
  const { t } = useTranslation("canvas");
  const into = picture.edges.filter((e) => e.to === n.id && e.kind === "config");
  return (
    <>
      {n.kind !== "line" && n.kind !== "last" && n.kind !== "more" && (
        <div>
          <Group gap="xs">
            <StateMark state={n.state} word={stateWord(t, n.state)} />
            {n.since && (
              <Text fz="sm" c="dimmed">
                <Ago at={n.since} />
              </Text>
            )}
          </Group>
          {n.said && <Text fz="sm">{saidOf(n.said)}</Text>}
        </div>
      )}
      {n.kind === "line" && n.outcome && (
        <div>
          <Text fz="sm" fw={600}>
            {t("panel.clients_get")}
          </Text>
          <Text fz="sm">{saidOf(n.outcome.reason_said ?? n.outcome.reason)}</Text>
          <Text fz="sm" className="mono">
            {(n.outcome.pools ?? []).flatMap((p) => (p.addresses ?? []).map((a) => a.value)).join(t("comma")) || t("gets_nothing")}
          </Text>
          {n.queries !== undefined && (
            <Text fz="sm" c="dimmed">
              {t("panel.queries", { count: n.queries, number: number(n.queries) })}
            </Text>
          )}
        </div>
      )}
      {n.kind === "last" && <Text fz="sm">{saidOf(n.said)}</Text>}
      {!n.reachable && n.because && (
        <Text fz="sm">
          {t("unreachable")}: {saidOf(n.because)}
        </Text>
      )}
      {into.length > 0 && (
        <div>
          <Title order={3}>{t("panel.links")}</Title>
          <Links edges={into} picture={picture} onGo={onGo} />
        </div>
      )}
      {n.kind === "task" && n.health && <Findings h={n.health} />}
      {n.kind === "address" && <Tasks picture={picture} n={n} onGo={onGo} />}
    </>
  );
}

function Links({ edges, picture, onGo }: { edges: CanvasEdge[]; picture: Picture; onGo: (id: string) => void }) {
  const { t } = useTranslation("canvas");
  const lines = (c: string) => {
    const n = picture.byId.get(`line:${c}`);
    return n?.kind === "line" && n.code !== "default" ? lineName(n) : c === "default" ? t("default_line") : c;
  };
  return (
    <>
      {edges.map((e) => {
        const from = picture.byId.get(e.from);
        if (!from || !e.rule) return null;
        return (
          <Text key={e.id} fz="sm">
            <Anchor component="button" type="button" fz="sm" onClick={() => onGo(e.from)}>
              {nameOf(t, from)}
            </Anchor>{" "}
            · {ruleWords(t, e.owner?.kind === "access_domain" ? { ...e.rule, lines: [] } : e.rule, lines)}
            {e.enabled ? "" : ` · ${t("link_disabled")}`}
            {e.mark ? ` · ${t(`mark.${e.mark}`)}` : ""}
          </Text>
        );
      })}
    </>
  );
}

function Tasks({ picture, n, onGo }: { picture: Picture; n: CanvasNode; onGo: (id: string) => void }) {
  const { t } = useTranslation("canvas");
  const tasks = (picture.children.get(n.id) ?? []).flatMap((id) => {
    const c = picture.byId.get(id);
    return c?.kind === "task" ? [c] : [];
  });
  if (tasks.length === 0) return <Text fz="sm">{t("panel.no_tasks")}</Text>;
  return (
    <div>
      <Title order={3}>{t("panel.tasks")}</Title>
      {tasks.map((c) => (
        <Stack key={c.id} gap={4} mt={6}>
          <Group gap="xs">
            <StateMark state={c.state} word={stateWord(t, c.state)} />
            <Anchor component="button" type="button" fz="sm" onClick={() => onGo(c.id)}>
              {nameOf(t, c)}
            </Anchor>
          </Group>
          {c.health && <Findings h={c.health} />}
        </Stack>
      ))}
    </div>
  );
}

function Findings({ h }: { h: TaskHealth }) {
  const { t } = useTranslation("canvas");
  if (h.findings.length === 0) return <Text fz="sm">{t("no_votes")}</Text>;
  return (
    <Table fz="xs" aria-label={t("panel.findings")} verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("panel.vantage")}</Table.Th>
          <Table.Th>{t("panel.found")}</Table.Th>
          <Table.Th className="num">{t("panel.latency")}</Table.Th>
          <Table.Th>{t("panel.since")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {h.findings.map((f) => (
          <Table.Tr key={f.vantage}>
            <Table.Td>{f.vantage}</Table.Td>
            <Table.Td>
              <StateMark
                state={f.finding === "good" ? "ok" : f.finding === "failed" ? "down" : "unknown"}
                word={t(`finding.${f.finding}`)}
              />
              {f.reason && <Text fz="xs">{saidOf(f.said ?? f.reason)}</Text>}
            </Table.Td>
            <Table.Td className="num">{duration(seconds(f.latency))}</Table.Td>
            <Table.Td>
              <Ago at={f.since} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
