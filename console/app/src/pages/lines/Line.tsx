import {
  Alert,
  Badge,
  Button,
  Card,
  Code,
  Group,
  List,
  ScrollArea,
  SimpleGrid,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, ApiError } from "@/api/client";
import { useCan } from "@/api/session";
import { changeName } from "@/changes/Changes";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { StateBadge } from "@/components/State";
import { draftItem, useDraft } from "@/edit/draft";
import { useEdit } from "@/lib/edit";
import { number } from "@/lib/format";
import { countryName, useLineName } from "@/lib/lines";
import { useLine, useOverlaps } from "./api";

const shownNetworks = 500;

export function Line() {
  const { t } = useTranslation("lines");
  const { name = "" } = useParams({ strict: false }) as { name?: string };
  const may = useCan("operator");
  const edit = useEdit();
  const word = useLineName();
  useDraft();
  const { data: l, error, refetch } = useLine(name);
  const object = $api.useQuery("get", "/api/v1/lines/{name}", { params: { path: { name } } }, { enabled: l?.custom === true });
  const overlaps = useOverlaps(name, object.data?.cidrs);
  const [find, setFind] = useState("");
  const cidrs = (object.data?.cidrs ?? []).filter((c) => c.includes(find.trim()));
  const made = draftItem("line", name);
  // A line that only the draft has: nothing is known of it yet but what stands there.
  if (error instanceof ApiError && error.status === 404 && made)
    return (
      <Page title={name} trail={[{ label: t("title"), to: "/lines" }]}>
        <Alert variant="light">{t("only_draft")}</Alert>
        <div>
          <Button onClick={() => edit("line", name)}>{t("common:action.edit")}</Button>
        </div>
      </Page>
    );
  return (
    <Page
      title={l ? word(l.code) : name}
      trail={[{ label: t("title"), to: "/lines" }]}
      about={object.data?.remark}
      state={
        l && (
          <>
            <Badge variant="default" styles={{ root: { textTransform: "none" } }}>
              {t(`category.${l.category}`)}
            </Badge>
            {!l.enabled && <StateBadge state="disabled" />}
          </>
        )
      }
      actions={
        l?.custom && may ? (
          <Button variant="default" leftSection={<IconPencil size={16} aria-hidden />} onClick={() => edit("line", l.code)}>
            {t("common:action.edit")}
          </Button>
        ) : undefined
      }
    >
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : (
        <>
          {made && (
            <Alert color="blue" variant="light">
              {t(made.op === "delete" ? "goes" : "staged")}
            </Alert>
          )}
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <Card withBorder>
              <Title order={2} mb="xs">
                {t("what")}
              </Title>
              {!l ? (
                <Skeleton height={140} />
              ) : (
                <Table withRowBorders={false}>
                  <Table.Tbody>
                    <Fact label={t("code")}>
                      <span className="mono">{l.code}</span>
                    </Fact>
                    {!l.custom && (
                      <Fact label={t("names")}>
                        {l.name_zh} · {l.name_en}
                      </Fact>
                    )}
                    {l.alias && (
                      <Fact label={t("alias")}>
                        <span className="mono">{l.alias}</span>
                      </Fact>
                    )}
                    <Fact label={t("looked")}>
                      {l.chain.map((c, i) => (
                        <span key={c}>
                          {i > 0 && " → "}
                          {c === l.code ? (
                            word(c)
                          ) : (
                            <ObjectLink kind="line" name={c}>
                              {word(c)}
                            </ObjectLink>
                          )}
                        </span>
                      ))}
                    </Fact>
                    {l.children.length > 0 && (
                      <Fact label={t("below")}>
                        {l.children.slice(0, 40).map((c, i) => (
                          <span key={c}>
                            {i > 0 && ", "}
                            <ObjectLink kind="line" name={c}>
                              {word(c)}
                            </ObjectLink>
                          </span>
                        ))}
                        {l.children.length > 40 && ` +${l.children.length - 40}`}
                      </Fact>
                    )}
                    {l.holds && (
                      <Fact label={t("holds")}>
                        {t("holds_value", {
                          v4: number(l.holds.ranges_ipv4),
                          addresses: number(l.holds.addresses_ipv4),
                          v6: number(l.holds.ranges_ipv6),
                        })}
                      </Fact>
                    )}
                    {l.holds && l.holds.countries.length > 0 && (
                      <Fact label={t("countries")}>
                        {l.holds.countries
                          .slice(0, 20)
                          .map((c) => countryName(c) ?? c)
                          .join(", ")}
                        {l.holds.countries.length > 20 && ` +${l.holds.countries.length - 20}`}
                      </Fact>
                    )}
                  </Table.Tbody>
                </Table>
              )}
            </Card>
            <Card withBorder>
              <Title order={2} mb="xs">
                {t("used_by")}
              </Title>
              {!l ? (
                <Skeleton height={140} />
              ) : l.used_by.length === 0 ? (
                <Text fz="sm" c="dimmed">
                  {t("unused")}
                </Text>
              ) : (
                <List fz="sm" spacing={4}>
                  {l.used_by.map((u) => (
                    <List.Item key={`${u.kind}${u.name}`}>
                      <span className="muted">{t(`common:kind_one.${u.kind}`)}</span>{" "}
                      <ObjectLink kind={u.kind} name={u.name}>
                        {changeName(u.kind, u.name)}
                      </ObjectLink>
                    </List.Item>
                  ))}
                  {l.more_users > 0 && <List.Item>{t("more_users", { count: l.more_users })}</List.Item>}
                </List>
              )}
            </Card>
          </SimpleGrid>
          {l?.custom && (
            <>
              <Card withBorder>
                <Title order={2} mb="xs">
                  {t("beside")}
                </Title>
                {!overlaps.data ? (
                  overlaps.isFetching || object.isFetching ? (
                    <Skeleton height={50} />
                  ) : (
                    <Text fz="sm">{t("no_networks")}</Text>
                  )
                ) : (
                  <Stack gap="xs">
                    {overlaps.data.overlaps.length === 0 && <Text fz="sm">{t("no_overlaps")}</Text>}
                    {overlaps.data.overlaps.map((o) => (
                      <Text key={o.line} fz="sm" component="div">
                        <ObjectLink kind="line" name={o.line} />:{" "}
                        {[
                          o.equal > 0 ? t("equal", { count: o.equal }) : "",
                          o.wider > 0 ? t("wider", { count: o.wider, line: o.line, name }) : "",
                          o.narrower > 0 ? t("narrower", { count: o.narrower, line: o.line }) : "",
                        ]
                          .filter(Boolean)
                          .join(" ")}{" "}
                        <span className="mono muted">{o.examples.join(", ")}</span>
                      </Text>
                    ))}
                    {overlaps.data.inside + overlaps.data.duplicate > 0 && (
                      <Text fz="sm" c="dimmed">
                        {t("inside", { n: overlaps.data.inside + overlaps.data.duplicate })}
                      </Text>
                    )}
                    {overlaps.data.places.length > 0 && (
                      <Text fz="sm">
                        {t("places")}{" "}
                        {overlaps.data.places
                          .map((p) => `${p.country ? (countryName(p.country) ?? p.country) : t("nowhere")} (${number(p.networks)})`)
                          .join(", ")}
                      </Text>
                    )}
                  </Stack>
                )}
              </Card>
              <Card withBorder>
                <Group justify="space-between" mb="xs">
                  <Title order={2}>
                    {t("networks")} ({number(object.data?.cidrs.length)})
                  </Title>
                  {(object.data?.cidrs.length ?? 0) > 20 && (
                    <TextInput
                      aria-label={t("find")}
                      placeholder={t("find")}
                      value={find}
                      onChange={(e) => setFind(e.currentTarget.value)}
                      w={{ base: "100%", xs: 220 }}
                    />
                  )}
                </Group>
                <ScrollArea.Autosize mah={360} type="auto" viewportProps={{ tabIndex: 0 }}>
                  <Code block>{cidrs.slice(0, shownNetworks).join("\n")}</Code>
                </ScrollArea.Autosize>
                {cidrs.length > shownNetworks && (
                  <Text fz="sm" c="dimmed" mt={4}>
                    {t("more_networks", { n: number(cidrs.length - shownNetworks) })}
                  </Text>
                )}
              </Card>
            </>
          )}
        </>
      )}
    </Page>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Td w={150} valign="top">
        <Text fz="sm" c="dimmed">
          {label}
        </Text>
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>{children}</Table.Td>
    </Table.Tr>
  );
}
