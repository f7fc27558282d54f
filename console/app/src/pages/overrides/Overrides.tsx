import { Alert, Badge, Button, Card, Group, Menu, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { IconArrowBackUp, IconBan, IconChevronDown, IconClockPlus, IconHandStop, IconHeartHandshake, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, type Schemas } from "@/api/client";
import { useCan } from "@/api/session";
import { Empty } from "@/components/Empty";
import { ObjectLink } from "@/components/ObjectLink";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { SearchInput } from "@/components/SearchInput";
import { Ago } from "@/components/Time";
import { pageSize, useCursor } from "@/lib/cursor";
import { duration, moment, number } from "@/lib/format";
import { useSearchState } from "@/lib/search";
import { Clear, Extend } from "./Change";
import { Failback } from "./Failback";
import { Order } from "./Order";

type State = Schemas["OverrideState"];
type Search = { q?: string; action?: string; do?: string; target?: string; selector?: string };

const settled = new Set(["drained", "in_force", "ended"]);

export function Overrides() {
  const { t } = useTranslation("overrides");
  const may = useCan("operator");
  const [search, set] = useSearchState<Search>();
  const { cursor, paging } = useCursor(`${search.q}|${search.action}`);
  const { data, error, refetch } = $api.useQuery(
    "get",
    "/api/v1/overrides",
    {
      params: {
        query: {
          limit: pageSize,
          ...(cursor ? { cursor } : {}),
          ...(search.q ? { q: search.q } : {}),
          ...(search.action ? { action: search.action } : {}),
        },
      },
    },
    { refetchInterval: (q) => (q.state.data?.items.some((o) => !settled.has(o.state)) ? 2_000 : 15_000) },
  );
  const [extend, setExtend] = useState<State>();
  const [clear, setClear] = useState<State>();
  const close = () => set({ do: "", target: "", selector: "" });
  const filtered = Boolean(search.q || search.action);
  const pages = paging(data);
  return (
    <Page
      title={t("title")}
      about={t("about")}
      actions={
        may ? (
          <>
            <Button color="red" leftSection={<IconBan size={16} aria-hidden />} onClick={() => set({ do: "drain" }, true)}>
              {t("drain")}
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
                  {t("other")}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconHeartHandshake size={16} aria-hidden />} onClick={() => set({ do: "enable" }, true)}>
                  {t("enable")}
                </Menu.Item>
                <Menu.Item leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={() => set({ do: "failback" }, true)}>
                  {t("failback")}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        ) : undefined
      }
    >
      {!may && (
        <Text fz="sm" c="dimmed">
          {t("viewer")}
        </Text>
      )}
      {(filtered || (data?.total ?? 0) > 3) && (
        <Group gap="xs">
          <SearchInput label={t("search")} value={search.q} onChange={(q) => set({ q })} />
          <SegmentedControl
            aria-label={t("action")}
            value={search.action ?? ""}
            onChange={(action) => set({ action })}
            data={[
              { value: "", label: t("any") },
              { value: "drain", label: t("word.drain") },
              { value: "enable", label: t("word.enable") },
            ]}
          />
        </Group>
      )}
      {error ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Stack gap="sm" aria-busy>
          <Skeleton height={132} radius="md" />
          <Skeleton height={132} radius="md" />
        </Stack>
      ) : data.items.length === 0 ? (
        <Empty
          icon={IconHandStop}
          title={t(filtered ? "none_found" : "none")}
          actions={
            may && !filtered ? (
              <Button
                color="red"
                variant="light"
                leftSection={<IconBan size={16} aria-hidden />}
                onClick={() => set({ do: "drain" }, true)}
              >
                {t("drain")}
              </Button>
            ) : undefined
          }
        >
          {t(filtered ? "none_found_why" : "none_why")}
        </Empty>
      ) : (
        <Stack gap="sm">
          {data.items.map((o) => (
            <One key={o.id} of={o} may={may} onExtend={() => setExtend(o)} onClear={() => setClear(o)} />
          ))}
          {(pages.next || pages.previous) && (
            <Group justify="center">
              <Button variant="default" size="xs" disabled={!pages.previous} onClick={pages.previous}>
                {t("common:table.previous")}
              </Button>
              <Button variant="default" size="xs" disabled={!pages.next} onClick={pages.next}>
                {t("common:table.next")}
              </Button>
            </Group>
          )}
        </Stack>
      )}
      {(search.do === "drain" || search.do === "enable") && may && (
        <Order action={search.do} target={search.target} selector={search.selector} pick={(p) => set(p)} onClose={close} />
      )}
      {search.do === "failback" && may && <Failback target={search.target} onClose={close} />}
      {extend && <Extend of={extend} onClose={() => setExtend(undefined)} />}
      {clear && <Clear of={clear} onClose={() => setClear(undefined)} />}
    </Page>
  );
}

/** What it is about: a link to the one thing, or its labels. */
export function About({ of }: { of: Pick<State, "target" | "selector"> }) {
  const { t } = useTranslation("overrides");
  if (of.selector)
    return (
      <Group gap={4}>
        {of.selector.split(",").map((l) => (
          <Badge key={l} variant="default" styles={{ root: { textTransform: "none" } }}>
            {l}
          </Badge>
        ))}
      </Group>
    );
  const at = (of.target ?? "").indexOf("/");
  const kind = (of.target ?? "").slice(0, at).replace("-", "_");
  const name = (of.target ?? "").slice(at + 1);
  return (
    <Text fz="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
      <Text span fz="sm" c="dimmed" fw={400}>
        {t(`common:kind_one.${kind}`, kind)}{" "}
      </Text>
      <ObjectLink kind={kind} name={name}>
        {kind === "access_domain" ? name.replace("/", " ") : name}
      </ObjectLink>
    </Text>
  );
}

/** Time that is left, second by second. */
function Remaining({ until }: { until: string | undefined }) {
  const { t } = useTranslation("overrides");
  const [now, tick] = useState(Date.now);
  useEffect(() => {
    if (!until) return;
    const timer = setInterval(() => tick(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [until]);
  if (!until) return <>{t("no_end")}</>;
  const left = (new Date(until).getTime() - now) / 1000;
  return <time dateTime={until}>{left > 0 ? t("left", { time: duration(left), at: moment(until) }) : t("ending")}</time>;
}

function One({ of, may, onExtend, onClear }: { of: State; may: boolean; onExtend: () => void; onClear: () => void }) {
  const { t } = useTranslation("overrides");
  const color = of.action === "drain" ? "grape" : "blue";
  return (
    <Card withBorder data-override={of.id} component="article" aria-label={`${t(`word.${of.action}`)} ${of.target ?? of.selector ?? ""}`}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={6} flex={1} miw={220}>
          <Group gap="xs">
            <Badge
              color={color}
              variant="light"
              leftSection={of.action === "drain" ? <IconBan size={13} aria-hidden /> : <IconHeartHandshake size={13} aria-hidden />}
              styles={{ root: { textTransform: "none", color: `var(--m-state-${color})` } }}
            >
              {t(`word.${of.action}`)}
            </Badge>
            <About of={of} />
            <Text fz="sm" c="dimmed">
              {of.reaches === 0 ? t("reaches_none") : t("reaches", { count: of.reaches, n: number(of.reaches) })}
            </Text>
          </Group>
          <Text fz="sm" fw={600}>
            <Remaining until={of.ends_at} />
          </Text>
          <Text fz="sm" style={{ overflowWrap: "anywhere" }}>
            {of.reason || <span className="muted">{t("no_reason")}</span>}
          </Text>
          <Text fz="sm" c="dimmed">
            {t("by", { who: of.author })} · <Ago at={of.created_at} />
          </Text>
          <Text fz="sm">
            <b>{t(`state.${of.state}`)}</b>{" "}
            {t(`state_about.${of.state}`, { time: of.cached_until ? moment(of.cached_until) : duration(of.cached_for) })}
          </Text>
          {of.names.length > 0 && (
            <Text fz="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {t("names")}{" "}
              {of.names.slice(0, 8).map((n, i) => (
                <span key={n}>
                  {i > 0 && ", "}
                  <ObjectLink kind="access_domain" name={n}>
                    {n.replace("/", " ")}
                  </ObjectLink>
                </span>
              ))}
              {of.names.length - 8 + of.more > 0 && ` ${t("and_more", { count: Math.max(0, of.names.length - 8) + of.more })}`}
            </Text>
          )}
          {of.waiting.length > 0 && (
            <Alert color="yellow" variant="light" p="xs">
              {t("waiting", { nodes: of.waiting.join(", ") })}
            </Alert>
          )}
          {of.unknown.length > 0 && (
            <Alert color="orange" variant="light" p="xs">
              {t("unknown", { nodes: of.unknown.join(", ") })}
            </Alert>
          )}
        </Stack>
        {may && (
          <Group gap="xs" w={{ base: "100%", xs: "auto" }} grow preventGrowOverflow={false}>
            <Button variant="default" leftSection={<IconClockPlus size={16} aria-hidden />} onClick={onExtend}>
              {t("extend")}
            </Button>
            <Button variant="default" leftSection={<IconX size={16} aria-hidden />} onClick={onClear}>
              {t("clear")}
            </Button>
          </Group>
        )}
      </Group>
    </Card>
  );
}
