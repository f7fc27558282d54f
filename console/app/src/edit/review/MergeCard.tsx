// Somebody else changed an object of the draft meanwhile: their change and mine, side by side, to choose from.
import { Alert, Button, Card, Group, Radio, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconGitMerge } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { useFieldWord, useValueWord } from "@/changes/Changes";
import { ObjectLink } from "@/components/ObjectLink";
import { Ago } from "@/components/Time";
import type { Conflict } from "../conflicts";
import { rebase, unstage } from "../draft";
import { defaultPick, merge3, type Part, type Pick } from "../merge";
import { bare } from "../model";
import { nameOfKey } from "../objects";

export function MergeCard({ of }: { of: Conflict }) {
  const { t } = useTranslation("edit");
  const { kind, key, item, theirs } = of;
  const what = `${t(`common:kind_one.${kind}`)} ${nameOfKey(kind, key)}`;
  const fresh = theirs ? { version: theirs.version, body: bare(theirs) } : undefined;
  const gone = theirs === null;
  return (
    <Card withBorder data-conflict={`${kind}/${key}`} style={{ borderColor: "var(--m-state-orange)" }}>
      <Stack gap="sm">
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <IconGitMerge size={18} color="var(--m-state-orange)" aria-hidden style={{ flex: "none", marginTop: 2 }} />
          <div>
            <Text fw={650}>{t(gone ? "merge.gone" : item.base ? "merge.title" : "merge.made", { what })}</Text>
            {theirs && <Who revision={theirs.revision} />}
          </div>
        </Group>
        {gone ? (
          item.op === "delete" ? (
            <Choice about={t("merge.both_deleted")} actions={[[t("merge.drop"), () => unstage(kind, key)]]} />
          ) : (
            <Choice
              about={t("merge.gone_about")}
              actions={[
                [t("merge.again"), () => rebase(kind, key, item.body, undefined)],
                [t("merge.drop"), () => unstage(kind, key)],
              ]}
            />
          )
        ) : item.op === "delete" ? (
          <Choice
            about={t("merge.deleting")}
            actions={[
              [t("merge.delete_still"), () => rebase(kind, key, undefined, fresh)],
              [t("merge.keep_theirs"), () => unstage(kind, key)],
            ]}
          />
        ) : (
          <Fields of={of} />
        )}
      </Stack>
    </Card>
  );
}

/** Who changed it, and when: of the revision that last did. */
function Who({ revision }: { revision: number }) {
  const { t } = useTranslation("edit");
  const { data } = $api.useQuery(
    "get",
    "/api/v1/revisions/{number}",
    { params: { path: { number: String(revision) }, query: { changes: false } } },
    { staleTime: 60_000 },
  );
  if (!data) return <Skeleton height={14} width={260} mt={4} />;
  return (
    <Group gap={6}>
      <Text fz="sm" c="dimmed">
        {t("merge.who", { name: data.author })} <Ago at={data.at} />
      </Text>
      <ObjectLink kind="revision" name={String(revision)} fz="sm">
        {t("revision", { n: revision })}
      </ObjectLink>
      {data.comment && <Text fz="sm">{data.comment}</Text>}
    </Group>
  );
}

function Choice({ about, actions }: { about: string; actions: [string, () => void][] }) {
  return (
    <>
      <Text fz="sm">{about}</Text>
      <Group gap="xs">
        {actions.map(([label, go], i) => (
          <Button key={label} size="xs" variant={i === 0 ? "filled" : "default"} onClick={go}>
            {label}
          </Button>
        ))}
      </Group>
    </>
  );
}

function Fields({ of }: { of: Conflict }) {
  const { t } = useTranslation("edit");
  const word = useFieldWord();
  const value = useValueWord();
  const [picks, setPicks] = useState<Record<string, Pick>>({});
  const { item, theirs } = of;
  const now = useMemo(() => (theirs ? bare(theirs) : {}), [theirs]);
  const merge = useMemo(() => merge3(item.base?.body ?? {}, now, item.body ?? {}), [item, now]);
  // A conflict is not decided by silence.
  const open = merge.parts.filter((p) => p.by === "conflict" && picks[p.id] === undefined).length;
  const rank = { conflict: 0, both: 1, theirs: 2, mine: 3 };
  const parts = [...merge.parts].sort((a, b) => rank[a.by] - rank[b.by]);
  const go = () => rebase(of.kind, of.key, merge.resolve(picks), { version: theirs?.version ?? 0, body: now });
  // An entry of a list says what it is; what names it stands before it.
  const show = (v: unknown, p: Part) =>
    p.of !== undefined && typeof v === "object" && v !== null && !Array.isArray(v)
      ? Object.entries(v)
          .filter(([, x]) => x !== p.of)
          .map(([k, x]) => `${word([k])} ${value(x, [k])}`)
          .join(t("comma"))
      : value(v, p.path);
  return (
    <>
      <Text fz="sm">{merge.conflicts > 0 ? t("merge.choose", { count: merge.conflicts }) : t("merge.fits")}</Text>
      <Table.ScrollContainer minWidth={520} type="native">
        <Table layout="fixed" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="24%">{t("merge.field")}</Table.Th>
              <Table.Th>{t("merge.base")}</Table.Th>
              <Table.Th>{t("merge.theirs")}</Table.Th>
              <Table.Th>{t("merge.mine")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {parts.map((p) => {
              const pick = picks[p.id] ?? (p.by === "conflict" ? "" : defaultPick(p));
              const name = `${word(p.path)}${p.of ? ` ${p.of}` : ""}`;
              return (
                <Table.Tr key={p.id} data-part={p.id} style={{ verticalAlign: "top" }}>
                  <Table.Td>
                    <Text fz="sm" style={{ overflowWrap: "anywhere" }}>
                      {name}
                    </Text>
                    <Text fz="xs" c={p.by === "conflict" ? "var(--m-state-orange)" : "dimmed"}>
                      {t(`merge.by.${p.by}`)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text fz="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                      {show(p.base, p)}
                    </Text>
                  </Table.Td>
                  {(["theirs", "mine"] as const).map((side) => (
                    <Table.Td key={side}>
                      <Radio
                        name={p.id}
                        checked={pick === side || (pick === "both" && side === "theirs" && p.by !== "both")}
                        onChange={() => setPicks({ ...picks, [p.id]: side })}
                        label={show(p[side], p)}
                        aria-label={t(`merge.take_${side}`, { field: name })}
                        styles={{ label: { overflowWrap: "anywhere" } }}
                      />
                      {p.by === "both" && side === "mine" && (
                        <Radio
                          mt={6}
                          name={p.id}
                          checked={pick === "both"}
                          onChange={() => setPicks({ ...picks, [p.id]: "both" })}
                          label={t("merge.both", { value: show(p.both, p) })}
                        />
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {open > 0 && (
        <Alert variant="light" color="orange" py={6}>
          {t("merge.open", { count: open })}
        </Alert>
      )}
      <Group gap="xs">
        <Button size="xs" disabled={open > 0} onClick={go}>
          {t("merge.go")}
        </Button>
        <Button size="xs" variant="default" onClick={() => unstage(of.kind, of.key)}>
          {t("merge.keep_theirs")}
        </Button>
      </Group>
    </>
  );
}
