// Configured against realised: with what chance alone explains, so that noise is not called a fault.
import { Alert, Card, Group, Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconHelpCircle } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { ObjectLink } from "@/components/ObjectLink";
import { Problem, problemOf } from "@/components/Problem";
import { number, percent } from "@/lib/format";
import { type RangeSearch, timesOf } from "@/lib/range";
import { SpreadBar } from "./Bar";
import { every, fallback } from "./data";
import { spread, type Verdict } from "./shape";

const looks: Record<Exclude<Verdict, "none">, { color: string; icon: typeof IconCircleCheck }> = {
  within: { color: "green", icon: IconCircleCheck },
  outside: { color: "orange", icon: IconAlertTriangle },
  few: { color: "gray", icon: IconHelpCircle },
};

export function Shares({ domain, pool, range }: { domain?: string | undefined; pool?: string | undefined; range: RangeSearch }) {
  const { t } = useTranslation("traffic");
  const of = domain ? { domain } : { pool: pool ?? "" };
  const { data, error } = $api.useQuery(
    "get",
    "/api/v1/stats/shares",
    { params: { query: { ...of, ...timesOf(range, fallback) } } },
    { placeholderData: keepPreviousData, refetchInterval: every(range) },
  );
  const rows = data?.pools ?? [];
  const answered = (data?.total ?? 0) - (data?.empty ?? 0);
  const outside = rows.flatMap((p) => [
    spread(p.configured, p.share, answered).verdict,
    ...(p.addresses ?? []).map((a) => spread(a.configured, a.share, p.queries).verdict),
  ]);
  return (
    <Card withBorder>
      <Title order={2}>{t("shares.title", { of: domain ?? pool })}</Title>
      <Text fz="sm" c="dimmed" mt={2} mb="sm" maw={760}>
        {t("shares.about")}
      </Text>
      {error ? (
        problemOf(error)?.status === 404 ? (
          <Text fz="sm">{t("shares.gone")}</Text>
        ) : (
          <Problem error={error} />
        )
      ) : !data ? (
        <Skeleton height={140} />
      ) : !data.known ? (
        <Text fz="sm">{t("unknown_time")}</Text>
      ) : (
        <Stack gap="sm">
          {outside.includes("outside") && (
            <Alert color="orange" variant="light" title={t("shares.outside_title")}>
              {t("shares.outside_about")}
            </Alert>
          )}
          <Table.ScrollContainer minWidth={0} type="native">
            <Table aria-label={t("shares.title", { of: domain ?? pool })} highlightOnHover={false}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("shares.member")}</Table.Th>
                  <Table.Th className="num" visibleFrom="md">
                    {t("shares.weight")}
                  </Table.Th>
                  <Table.Th className="num">{t("shares.configured")}</Table.Th>
                  <Table.Th className="num">{t("shares.realised")}</Table.Th>
                  <Table.Th visibleFrom="sm" w="26%">
                    <span aria-hidden>{t("shares.picture")}</span>
                  </Table.Th>
                  <Table.Th className="num" visibleFrom="md">
                    {t("shares.difference")}
                  </Table.Th>
                  <Table.Th>{t("shares.verdict")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((p) => [
                  ...(data.kind === "access_domain" ? [<Member key={p.name} kind="pool" m={p} n={answered} policy={data.policy} />] : []),
                  ...(p.addresses ?? []).map((a) => (
                    <Member
                      key={`${p.name}/${a.name}`}
                      kind="address"
                      m={a}
                      n={p.queries}
                      policy={p.policy}
                      inner={data.kind === "access_domain"}
                    />
                  )),
                ])}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <Text fz="xs" c="dimmed">
            {t("shares.of", { n: number(answered), empty: number(data.empty), count: answered })}
          </Text>
        </Stack>
      )}
    </Card>
  );
}

function Member({
  kind,
  m,
  n,
  policy,
  inner = false,
}: {
  kind: "pool" | "address";
  m: Schemas["MemberShare"];
  n: number;
  policy?: string | undefined;
  inner?: boolean;
}) {
  const { t } = useTranslation("traffic");
  const s = spread(m.configured, m.share, n);
  const difference = m.configured === undefined ? undefined : m.share - m.configured;
  const points = (v: number) => number(v * 100, 1);
  return (
    <Table.Tr>
      <Table.Td pl={inner ? 28 : undefined}>
        <Group gap={6}>
          <Text span inherit fw={inner ? undefined : 600}>
            <ObjectLink kind={kind} name={m.name} />
          </Text>
          {!m.weight && (
            <Text span fz="xs" c="dimmed">
              {t("shares.no_member")}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td className="num" visibleFrom="md">
        {policy === "weighted" ? number(m.weight) : "–"}
      </Table.Td>
      <Table.Td className="num">{m.configured === undefined ? "–" : percent(m.configured)}</Table.Td>
      <Table.Td className="num">
        {percent(m.share)}
        <Text fz="xs" c="dimmed">
          {number(m.queries)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <SpreadBar share={m.share} configured={m.configured} band={s.band} />
      </Table.Td>
      <Table.Td className="num" visibleFrom="md">
        {difference === undefined ? (
          "–"
        ) : (
          <>
            {difference > 0 ? "+" : difference < 0 ? "−" : ""}
            {t("shares.points", { n: points(Math.abs(difference)) })}
            <Text fz="xs" c="dimmed">
              {t("shares.chance", { n: points(s.band) })}
            </Text>
          </>
        )}
      </Table.Td>
      <Table.Td>
        {s.verdict === "none" ? (
          <Text fz="xs" c="dimmed">
            {t(`shares.by_${policy === "sequential" ? "sequential" : "proximity"}`)}
          </Text>
        ) : (
          <Said verdict={s.verdict} />
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Said({ verdict }: { verdict: Exclude<Verdict, "none"> }) {
  const { t } = useTranslation("traffic");
  const { color, icon: Icon } = looks[verdict];
  return (
    <Group gap={4} wrap="nowrap" c={`var(--m-state-${color})`} data-verdict={verdict}>
      <Icon size={15} aria-hidden style={{ flexShrink: 0 }} />
      <Text span fz="sm">
        {t(`shares.${verdict}`)}
      </Text>
    </Group>
  );
}
