// How an answer came about, step by step: the client and its lines, each name of the chain, the pools and
// addresses that were considered, and what dig would show.
import {
  ActionIcon,
  Alert,
  Anchor,
  Box,
  Code,
  CopyButton,
  Group,
  List,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { IconCheck, IconCircleCheck, IconCircleMinus, IconCopy } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { saidOf } from "@/canvas/say";
import { number } from "@/lib/format";
import { keep, kept } from "@/lib/storage";
import { useNameOfLine } from "./ExplainForm";
import { type Considered, clientText, digCommand, type Explanation, type Question, type Step, subnetOf } from "./question";

export function Steps({ q, x, here }: { q: Question; x: Explanation; here?: string }) {
  return (
    <Stack gap="md">
      <Outcome x={x} />
      <ClientPart x={x} />
      {(x.steps ?? []).map((s, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain may hold one name twice
        <StepPart key={`${i} ${s.name}`} q={q} s={s} here={here} />
      ))}
      <Dig q={q} x={x} />
    </Stack>
  );
}

function Outcome({ x }: { x: Explanation }) {
  const { t } = useTranslation("explain");
  // A chain of CNAMEs is told as one: a → b → what it comes to.
  const all = x.answer ?? [];
  const alias = all.filter((a) => a.type === "CNAME" && x.type !== "CNAME").map((a) => a.data.replace(/\.$/, ""));
  const data = all.filter((a) => a.type !== "CNAME" || x.type === "CNAME").map((a) => a.data);
  const told = [...alias, ...(data.length > 0 ? [data.join(t("comma"))] : [])].join(" → ");
  return (
    <Box aria-live="polite" data-outcome={x.outcome}>
      <Text fz="xs" c="dimmed">
        {t("clients_get")}
      </Text>
      <Text fw={650} style={{ overflowWrap: "anywhere" }}>
        {told || t(`outcome.${x.outcome}`)}
      </Text>
      <Text fz="sm" c="dimmed">
        {[x.rcode, ...(x.answer?.[0] ? [t("ttl", { ttl: number(x.answer[0].ttl) })] : []), t("scope", { bits: number(x.scope) })].join(
          " · ",
        )}
      </Text>
    </Box>
  );
}

function ClientPart({ x }: { x: Explanation }) {
  const { t } = useTranslation("explain");
  const name = useNameOfLine();
  const lines = x.client.lines ?? [];
  return (
    <section>
      <Title order={3}>{t("client_lines")}</Title>
      <Text fz="sm" c="dimmed">
        {t(`basis_client.${x.client.basis}`, { address: x.client.address ?? "" })}
        {x.client.country ? ` · ${t("country_of", { country: name(x.client.country) })}` : ""}
      </Text>
      <List fz="sm" mt={4} type="ordered" withPadding={false} pl="md">
        {lines.map((l) => (
          <List.Item key={l.code}>
            <Text span fw={600} fz="sm">
              {name(l.code)}
            </Text>{" "}
            {x.client.basis !== "line" && (
              <Text span fz="xs" c="dimmed">
                {saidOf(l.why_said ?? l.why)}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
    </section>
  );
}

function StepPart({ q, s, here }: { q: Question; s: Step; here: string | undefined }) {
  const { t } = useTranslation("explain");
  const name = useNameOfLine();
  const [domain = "", type = ""] = s.access_domain?.split("/") ?? [];
  return (
    <section>
      <Title order={3} style={{ overflowWrap: "anywhere" }}>
        {s.name.replace(/\.$/, "")}
      </Title>
      <Text fz="sm" c="dimmed">
        {t(`step.${s.kind}`)}
        {s.policy ? ` · ${t(`common:policy.${s.policy}`)}` : ""}
        {s.access_domain && s.access_domain !== here && (
          <>
            {" · "}
            <Anchor
              component={Link}
              fz="sm"
              to={"/domains/$name/$type" as string}
              params={{ name: domain, type } as never}
              search={
                {
                  explain: clientText(q.client),
                  ...(q.down.length > 0 ? { down: q.down.join(",") } : {}),
                  ...(q.draft ? { draft: true } : {}),
                  ...(q.type !== type ? { qtype: q.type } : {}),
                } as never
              }
            >
              {t("on_canvas")}
            </Anchor>
          </>
        )}
      </Text>
      {s.override && (
        <Alert color="grape" variant="light" p="xs" mt={4}>
          <Text fz="sm">{t(`order.${s.override.action}`, { author: s.override.author })}</Text>
        </Alert>
      )}
      <Text fz="sm" mt={4}>
        {saidOf(s.reason_said ?? s.reason)}
      </Text>
      {s.used_lines && s.used_lines.length > 0 && (
        <Text fz="xs" c="dimmed">
          {t("used_lines", { lines: s.used_lines.map(name).join(t("comma")) })}
        </Text>
      )}
      {(s.choice_said ?? s.choice) && <Text fz="sm">{t("choice", { how: saidOf(s.choice_said ?? s.choice) })}</Text>}
      {s.pools && s.pools.length > 0 && (
        <Stack gap={6} mt={6}>
          {s.pools.map((p) => (
            <Member key={p.name} c={p}>
              {(p.addresses ?? []).map((a) => (
                <Member key={a.name} c={a} />
              ))}
            </Member>
          ))}
        </Stack>
      )}
    </section>
  );
}

function Member({ c, children }: { c: Considered; children?: React.ReactNode[] }) {
  const { t } = useTranslation("explain");
  return (
    <div data-member={c.name} data-taken={c.taken}>
      <Group gap={6} wrap="nowrap" align="flex-start">
        {c.taken ? (
          <IconCircleCheck
            size={16}
            role="img"
            aria-label={t("taken")}
            style={{ color: "var(--m-state-green)", flex: "none", marginTop: 2 }}
          />
        ) : (
          <IconCircleMinus
            size={16}
            role="img"
            aria-label={t("left")}
            style={{ color: "var(--m-state-gray)", flex: "none", marginTop: 2 }}
          />
        )}
        <div style={{ minWidth: 0 }}>
          <Text fz="sm" fw={children ? 600 : 500} span>
            {c.name}
          </Text>{" "}
          {c.value && c.value !== c.name && (
            <Text span fz="xs" className="mono" c="dimmed">
              {c.value}
            </Text>
          )}
          <Text fz="xs" c="dimmed">
            {saidOf(c.why_said ?? c.why)}
            {c.taken && (c.state_said ?? c.state) ? ` (${saidOf(c.state_said ?? c.state)})` : ""}
          </Text>
          {children && children.length > 0 && (
            <Stack gap={4} mt={4}>
              {children.length > 12 ? <Folded>{children}</Folded> : children}
            </Stack>
          )}
        </div>
      </Group>
    </div>
  );
}

/** The first of many, and the rest when asked for. */
function Folded({ children }: { children: React.ReactNode[] }) {
  const { t } = useTranslation("explain");
  const [open, setOpen] = useState(false);
  return (
    <>
      {(open ? children : children.slice(0, 8)).map((c, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the order is the server's and fixed
        <Fragment key={i}>{c}</Fragment>
      ))}
      <Anchor component="button" type="button" fz="xs" onClick={() => setOpen(!open)}>
        {open ? t("fewer") : t("all", { count: children.length })}
      </Anchor>
    </>
  );
}

const serverKey = "meridian.dig.server";

function Dig({ q, x }: { q: Question; x: Explanation }) {
  const { t } = useTranslation("explain");
  const [server, setServer] = useState(() => kept(serverKey) ?? window.location.hostname);
  const command = digCommand(q, server);
  const subnet = subnetOf(q.client);
  return (
    <section>
      <Title order={3}>{t("dig")}</Title>
      <Group gap={4} wrap="nowrap" mt={4} align="flex-start">
        <Code block style={{ flex: 1, minWidth: 0, whiteSpace: "pre-wrap", overflowWrap: "anywhere" }} data-dig>
          {command}
        </Code>
        <CopyButton value={command}>
          {({ copied, copy }) => (
            <Tooltip label={t(copied ? "common:action.copied" : "common:action.copy")}>
              <ActionIcon variant="default" size="lg" aria-label={t("copy_dig")} onClick={copy}>
                {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </Group>
      <TextInput
        label={t("server")}
        description={t("server_about")}
        size="xs"
        mt={6}
        className="mono"
        value={server}
        onChange={(e) => {
          setServer(e.currentTarget.value);
          keep(serverKey, e.currentTarget.value);
        }}
      />
      {q.client.by === "line" && (
        <Text fz="xs" c="dimmed" mt={4}>
          {t("dig_line")}
        </Text>
      )}
      {(q.down.length > 0 || q.draft) && (
        <Text fz="xs" c="dimmed" mt={4}>
          {t("dig_pretend")}
        </Text>
      )}
      <Table.ScrollContainer minWidth={0} type="native" mt={6} tabIndex={0} role="region" aria-label={t("answer")}>
        <Table fz="xs" aria-label={t("answer")} verticalSpacing={3} className="mono">
          <Table.Tbody>
            {(x.answer ?? []).map((a) => (
              <Table.Tr key={`${a.name} ${a.type} ${a.data}`}>
                <Table.Td>{a.name}</Table.Td>
                <Table.Td className="num">{a.ttl}</Table.Td>
                <Table.Td>{a.type}</Table.Td>
                <Table.Td>{a.data}</Table.Td>
              </Table.Tr>
            ))}
            <Table.Tr>
              <Table.Td colSpan={4} c="dimmed">
                status: {x.rcode}
                {subnet ? ` · CLIENT-SUBNET: ${subnet}/${x.scope}` : ""}
              </Table.Td>
            </Table.Tr>
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}
