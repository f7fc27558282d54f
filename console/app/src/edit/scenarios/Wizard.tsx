// From nothing to a working answer in three steps: the name, the sites, a look at what will be made.
import {
  Alert,
  Anchor,
  Button,
  Card,
  Code,
  CopyButton,
  Group,
  Loader,
  NumberInput,
  Radio,
  Select,
  SimpleGrid,
  Skeleton,
  Slider,
  Stack,
  Stepper,
  Switch,
  TagsInput,
  Text,
  TextInput,
  ThemeIcon,
  Title,
  UnstyledButton,
} from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import {
  IconArrowsSplit2,
  IconBuildingBroadcastTower,
  IconCheck,
  IconCloud,
  IconCopy,
  IconHeartbeat,
  IconPlus,
  IconShieldHalf,
  IconTool,
  IconTrash,
  IconWorld,
} from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "@/api/client";
import { useCan } from "@/api/session";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { useLineName } from "@/lib/lines";
import { useSearchState } from "@/lib/search";
import { stage, useDraft } from "../draft";
import LinePicker from "../LinePicker";
import { canonicalName } from "../model/domain";
import { objectQuery, readObject } from "../objects";
import { RefPicker } from "../RefPicker";
import { Applied, Open } from "../review/Review";
import {
  type Answers,
  begin,
  build,
  byLine,
  digs,
  freeName,
  lacks,
  newSite,
  type Scenario,
  type Site,
  scenarios,
  usualPort,
  type Want,
  wishes,
  zonesAbove,
} from "./build";

const icons = {
  "active-standby": IconShieldHalf,
  weighted: IconArrowsSplit2,
  carrier: IconBuildingBroadcastTower,
  region: IconWorld,
  hybrid: IconCloud,
  health: IconHeartbeat,
  custom: IconTool,
} as const;

type Search = { scenario?: string; applied?: string; edit?: string };

export function Wizard() {
  const { t } = useTranslation("edit");
  const [search, setSearch] = useSearchState<Search>();
  const scenario = scenarios.find((s) => s === search.scenario);
  const can = useCan("operator");
  return (
    <Page
      title={t("scenario.title")}
      about={scenario ? undefined : t("scenario.about")}
      trail={[{ label: t("common:nav.domains"), to: "/domains" }]}
    >
      {!can && (
        <Alert variant="light" color="gray" title={t("read_only.title")}>
          {t("read_only.why")}
        </Alert>
      )}
      {scenario ? (
        <Steps key={scenario} scenario={scenario} search={search} setSearch={setSearch} />
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {scenarios.map((s) => {
            const I = icons[s];
            return (
              <UnstyledButton key={s} onClick={() => setSearch({ scenario: s }, true)} disabled={!can} style={{ height: "100%" }}>
                <Card withBorder h="100%" className="pickable">
                  <Group gap="sm" wrap="nowrap" align="flex-start">
                    <ThemeIcon variant="light" size={38} radius="md" aria-hidden>
                      <I size={22} />
                    </ThemeIcon>
                    <div>
                      <Text fw={650}>{t(`scenario.${s}.title`)}</Text>
                      <Text fz="sm" c="dimmed">
                        {t(`scenario.${s}.about`)}
                      </Text>
                    </div>
                  </Group>
                </Card>
              </UnstyledButton>
            );
          })}
        </SimpleGrid>
      )}
    </Page>
  );
}

function Steps({
  scenario,
  search,
  setSearch,
}: {
  scenario: Scenario;
  search: Search;
  setSearch: (p: Partial<Search>, push?: boolean) => void;
}) {
  const { t } = useTranslation("edit");
  const phone = useMediaQuery("(max-width: 48em)") ?? false;
  const draft = useDraft();
  const [a, setA] = useState<Answers>(() => begin(scenario));
  const [step, setStep] = useState(0);
  const [strict, setStrict] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [made, setMade] = useState(false);
  const zones = useZones(a.name);
  const set = (p: Partial<Answers>) => setA((x) => ({ ...x, ...p }));
  const custom = scenario === "custom";
  const zone = zones.hosted ? "" : a.zone || zones.guess;
  const whole = { ...a, zone };
  const lack = lacks(whole, step, zones.hosted !== undefined);
  const said = (field: string) => (strict && lack[field] ? t(lack[field]) : undefined);

  const stageAll = async () => {
    setBusy(true);
    setError(undefined);
    try {
      for (const w of await named(whole)) stage({ kind: w.kind, key: w.key, op: "put", body: w.body });
      setMade(true);
      setStep(2);
      if (custom) setSearch({ edit: `access_domain/${canonicalName(a.name)}/${a.type}` });
    } catch (err) {
      setError(err);
    } finally {
      setBusy(false);
    }
  };
  const next = () => {
    if (Object.keys(lack).length > 0 || zones.asking) {
      setStrict(true);
      return;
    }
    setStrict(false);
    if (step === 0 && !custom) setStep(1);
    else void stageAll();
  };

  if (search.applied) return <Working number={search.applied} answers={a} />;
  return (
    <Card withBorder>
      <Stepper active={step} size="sm" orientation={phone ? "vertical" : "horizontal"} onStepClick={setStep} allowNextStepsSelect={false}>
        <Stepper.Step label={t("scenario.step_name")} description={t(`scenario.${scenario}.title`)} allowStepSelect={!made} />
        <Stepper.Step
          label={t(custom ? "scenario.step_edit" : "scenario.step_sites")}
          description={t(custom ? "scenario.step_edit_about" : "scenario.step_sites_about")}
          allowStepSelect={!made && step > 1}
        />
        <Stepper.Step label={t("scenario.step_apply")} description={t("scenario.step_apply_about")} />
      </Stepper>
      {step < 2 ? (
        <form
          noValidate
          onSubmit={(e) => {
            e.preventDefault();
            next();
          }}
        >
          <Stack gap="md" mt="lg" maw={760}>
            {step === 0 ? <NameStep a={whole} set={set} said={said} zones={zones} /> : <SitesStep a={a} set={set} said={said} />}
            {error !== undefined && <Problem error={error} />}
            <Group>
              {step > 0 ? (
                <Button variant="default" onClick={() => setStep(0)}>
                  {t("common:action.back")}
                </Button>
              ) : (
                <Button variant="default" onClick={() => setSearch({ scenario: "" }, true)}>
                  {t("scenario.other")}
                </Button>
              )}
              <Button type="submit" loading={busy}>
                {t("common:action.next")}
              </Button>
              <Text fz="sm" c="var(--m-state-red)" role="alert">
                {strict && Object.keys(lack).length > 0 ? t("scenario.lacking") : ""}
              </Text>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack gap="md" mt="lg">
          <Text fz="sm">{t(draft.items.length > 0 ? "scenario.drafted" : "scenario.dropped")}</Text>
          {draft.items.length > 0 && (
            <Open
              open={(kind, key) => kind && setSearch({ edit: `${kind}/${key}` }, true)}
              applied={(n) => setSearch({ applied: String(n) }, true)}
              comment={t("scenario.comment", { name: canonicalName(a.name), what: t(`scenario.${scenario}.title`) })}
            />
          )}
        </Stack>
      )}
    </Card>
  );
}

/** The objects of the answers, each under a name that is free. */
async function named(a: Answers): Promise<Want[]> {
  const taken = new Map<string, boolean>();
  const ask = async (kind: Want["kind"], name: string) => {
    const k = `${kind} ${name}`;
    if (!taken.has(k)) taken.set(k, (await readObject(kind, name)) !== null);
    return taken.get(k) ?? false;
  };
  // A name is asked for until one is free: a run of taken ones is short.
  for (const w of wishes(a)) for (let n = w.name, i = 2; await ask(w.kind, n); n = `${w.name}-${i++}`);
  const given = new Set<string>();
  return build(a, (kind, like) => {
    const n = freeName(like, (x) => (taken.get(`${kind} ${x}`) ?? false) || given.has(`${kind} ${x}`));
    given.add(`${kind} ${n}`);
    return n;
  });
}

type Zones = { hosted: string | undefined; guess: string; asking: boolean; nameservers: string[] | undefined };

/** Which hosted zone holds a name, and what one would be made for it. */
function useZones(name: string): Zones {
  const [late] = useDebouncedValue(name, 250);
  const draft = useDraft();
  const above = useMemo(() => zonesAbove(late), [late]);
  const found = useQueries({ queries: above.map((z) => objectQuery("zone", z)) });
  const settings = $api.useQuery("get", "/api/v1/settings");
  const hosted = above.find((z, i) => found[i]?.data || draft.items.some((x) => x.kind === "zone" && x.key === z && x.op === "put"));
  return {
    hosted,
    guess: above.at(-1) ?? "",
    asking: name !== late || found.some((q) => q.isLoading),
    nameservers: settings.data?.nameservers,
  };
}

type StepProps = { a: Answers; set: (p: Partial<Answers>) => void; said: (field: string) => string | undefined };

function NameStep({ a, set, said, zones }: StepProps & { zones: Zones }) {
  const { t } = useTranslation("edit");
  const named = zonesAbove(a.name).length > 0;
  return (
    <>
      <Group align="flex-start" wrap="nowrap" gap="sm">
        <TextInput
          flex={1}
          label={t("field.domain_name")}
          description={t("scenario.name_about")}
          placeholder="www.example.com"
          required
          data-autofocus
          spellCheck={false}
          autoComplete="off"
          value={a.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
          error={said("name")}
        />
        <Select
          label={t("field.type")}
          description={t("about.type")}
          w={110}
          data={["A", "AAAA"]}
          value={a.type}
          onChange={(v) => v && set({ type: v as Answers["type"] })}
        />
      </Group>
      <div aria-live="polite" style={{ minHeight: 24 }}>
        {named && !zones.asking && zones.hosted && <Text fz="sm">{t("scenario.zone_hosted", { zone: zones.hosted })}</Text>}
        {named && zones.asking && <Loader size="xs" />}
      </div>
      {named && !zones.asking && !zones.hosted && (
        <Alert variant="light" title={t("scenario.zone_new")}>
          <Stack gap="sm">
            <Text fz="sm">{t("scenario.zone_new_about")}</Text>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <Select
                label={t("scenario.zone")}
                data={zonesAbove(a.name)}
                value={a.zone}
                onChange={(v) => v && set({ zone: v })}
                error={said("zone")}
              />
              <TagsInput
                label={t("field.nameservers")}
                description={
                  zones.nameservers && zones.nameservers.length > 0
                    ? t("scenario.ns_settings", { list: zones.nameservers.join(", ") })
                    : t("scenario.ns_needed")
                }
                placeholder={a.nameservers.length === 0 ? "ns1.example.net" : undefined}
                splitChars={[",", " "]}
                acceptValueOnBlur
                value={a.nameservers}
                onChange={(nameservers) => set({ nameservers })}
              />
            </SimpleGrid>
          </Stack>
        </Alert>
      )}
    </>
  );
}

function SitesStep({ a, set, said }: StepProps) {
  const { t } = useTranslation("edit");
  const { scenario: s } = a;
  const put = (id: number, p: Partial<Site>) => set({ sites: a.sites.map((x) => (x.id === id ? { ...x, ...p } : x)) });
  const sum = a.sites.reduce((n, x) => n + (Number(x.weight) || 0), 0);
  const more = s === "weighted" || s === "active-standby" || byLine(s);
  return (
    <>
      <Title order={2}>{t(`scenario.${s}.sites`)}</Title>
      {a.sites.map((site, i) => (
        <Card key={site.id} withBorder padding="sm" data-site={i}>
          <Group gap="sm" align="flex-start">
            <TextInput
              label={t("scenario.site")}
              w={{ base: "100%", xs: 160 }}
              required
              value={site.name}
              onChange={(e) => put(site.id, { name: e.currentTarget.value })}
              error={said(`site${site.id}.name`)}
              autoComplete="off"
              spellCheck={false}
            />
            <TagsInput
              label={t(a.type === "A" ? "scenario.addresses4" : "scenario.addresses6")}
              flex={1}
              miw={220}
              required
              placeholder={site.addresses.length === 0 ? (a.type === "A" ? "203.0.113.10" : "2001:db8::10") : undefined}
              splitChars={[",", " ", ";"]}
              acceptValueOnBlur
              value={site.addresses}
              onChange={(addresses) => put(site.id, { addresses })}
              error={said(`site${site.id}.addresses`)}
            />
            {s === "weighted" && (
              <NumberInput
                label={t("field.weight")}
                w={130}
                min={1}
                max={100}
                clampBehavior="none"
                value={site.weight}
                onChange={(v) => put(site.id, { weight: v === "" ? "" : Number(v) })}
                error={said(`site${site.id}.weight`)}
                description={sum > 0 ? t("scenario.share", { share: Math.round(((Number(site.weight) || 0) / sum) * 100) }) : undefined}
                inputWrapperOrder={["label", "input", "description", "error"]}
              />
            )}
            {a.sites.length > 2 && more && (
              <Button
                variant="subtle"
                color="gray"
                mt={24}
                px={8}
                aria-label={t("scenario.remove_site", { name: site.name })}
                onClick={() => set({ sites: a.sites.filter((x) => x.id !== site.id) })}
              >
                <IconTrash size={16} aria-hidden />
              </Button>
            )}
          </Group>
          {byLine(s) && (
            <div style={{ marginTop: 8 }}>
              <LinePicker
                label={t("scenario.lines")}
                placeholder={t("lines.add")}
                value={site.lines}
                onChange={(lines) => put(site.id, { lines })}
                error={said(`site${site.id}.lines`)}
              />
            </div>
          )}
        </Card>
      ))}
      {said("default") && (
        <Text fz="sm" c="var(--m-state-red)" role="alert">
          {said("default")}
        </Text>
      )}
      {more && (
        <div>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => set({ sites: [...a.sites, newSite({ name: "" })] })}
          >
            {t("scenario.add_site")}
          </Button>
        </div>
      )}
      {s === "active-standby" && (
        <Switch
          label={t("scenario.go_back")}
          description={t("scenario.go_back_about")}
          checked={a.goBack}
          onChange={(e) => set({ goBack: e.currentTarget.checked })}
        />
      )}
      {s === "hybrid" && (
        <div>
          <Text fz="sm" fw={500} id="cloud-share">
            {Number(a.cloudShare) > 0 ? t("scenario.cloud_share", { share: a.cloudShare }) : t("scenario.cloud_standby")}
          </Text>
          <Slider
            mt="xs"
            mb="lg"
            thumbProps={{ "aria-labelledby": "cloud-share" }}
            min={0}
            max={100}
            step={5}
            label={(v) => `${v} %`}
            value={Number(a.cloudShare)}
            onChange={(cloudShare) => set({ cloudShare })}
            marks={[0, 50, 100].map((value) => ({ value, label: `${value} %` }))}
          />
        </div>
      )}
      <Title order={2}>{t("scenario.check")}</Title>
      <CheckFields a={a} set={set} said={said} />
      <Radio.Group label={t("scenario.all_down")} value={a.allDown} onChange={(v) => set({ allDown: v as Answers["allDown"] })}>
        <Group gap="lg" mt={6} align="flex-start">
          {(["serve_all", "nodata"] as const).map((v) => (
            <Radio key={v} value={v} label={t(`all_down.${v}`)} description={t(`all_down_about.${v}`)} />
          ))}
        </Group>
      </Radio.Group>
    </>
  );
}

function CheckFields({ a, set, said }: StepProps) {
  const { t } = useTranslation("edit");
  const c = a.check;
  const put = (p: Partial<Answers["check"]>) => set({ check: { ...c, ...p } });
  const kinds = ["http", "https", "tcp", "ping", "existing", "none"] as const;
  return (
    <>
      <Radio.Group
        label={t("scenario.check_how")}
        value={c.how}
        onChange={(v) => put({ how: v as typeof c.how, port: usualPort[v as typeof c.how] })}
      >
        <Group gap="md" mt={6}>
          {kinds.map((k) => (
            <Radio key={k} value={k} label={k === "existing" || k === "none" ? t(`scenario.check_${k}`) : t(`protocol.${k}`)} />
          ))}
        </Group>
      </Radio.Group>
      {c.how === "none" && (
        <Text fz="sm" c="var(--m-state-yellow)">
          {t("scenario.check_none_about")}
        </Text>
      )}
      {c.how !== "none" && c.how !== "ping" && (
        <Group gap="sm" align="flex-start">
          {c.how === "existing" && (
            <div style={{ width: 240 }}>
              <RefPicker
                kind="template"
                label={t("common:kind_one.template")}
                value={c.template}
                about={(o) => t(`protocol.${o.body.protocol}`)}
                onPick={(template) => put({ template })}
                error={said("template")}
              />
            </div>
          )}
          <NumberInput
            label={t("tasks.port")}
            w={110}
            min={1}
            max={65535}
            hideControls
            clampBehavior="none"
            value={c.port}
            onChange={(v) => put({ port: v === "" ? "" : Number(v) })}
            error={said("port")}
          />
          {(c.how === "http" || c.how === "https") && (
            <>
              <TextInput
                label={t("field.path")}
                w={180}
                value={c.path}
                onChange={(e) => put({ path: e.currentTarget.value })}
                spellCheck={false}
                autoComplete="off"
              />
              <TextInput
                label={t("field.host")}
                flex={1}
                miw={160}
                placeholder={canonicalName(a.name)}
                value={c.host}
                onChange={(e) => put({ host: e.currentTarget.value })}
                spellCheck={false}
                autoComplete="off"
              />
            </>
          )}
        </Group>
      )}
    </>
  );
}

/** It is applied: which nodes have it, and what to type to see it. */
function Working({ number, answers }: { number: string; answers: Answers }) {
  const { t } = useTranslation("edit");
  const nameOf = useLineName();
  const { data } = $api.useQuery(
    "get",
    "/api/v1/revisions/{number}",
    { params: { path: { number }, query: { changes: false } } },
    { refetchInterval: (q) => (q.state.data && q.state.data.applied < q.state.data.nodes.length ? 700 : false) },
  );
  const server = useServer();
  const name = canonicalName(answers.name);
  return (
    <Card withBorder data-applied={number}>
      <Stack gap="md">
        <Group gap="xs">
          <IconCheck size={20} color="var(--m-state-green)" aria-hidden />
          <Title order={2}>{t("scenario.working", { n: number })}</Title>
        </Group>
        <Applied of={data} />
        {name && (
          <>
            <Text fz="sm">{t("scenario.try")}</Text>
            {server === undefined && <Skeleton height={40} />}
            {(server === undefined ? [] : digs(answers, server)).map((d) => (
              <div key={d.command}>
                {d.line && (
                  <Text fz="xs" c="dimmed" mb={2}>
                    {t("scenario.try_line", { line: nameOf(d.line) })}
                  </Text>
                )}
                <Group gap="xs" wrap="nowrap" align="stretch">
                  <Code block flex={1} data-dig style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                    {d.command}
                  </Code>
                  <CopyButton value={d.command}>
                    {({ copied, copy }) => (
                      <Button
                        variant="default"
                        size="xs"
                        h="auto"
                        leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
                        onClick={copy}
                      >
                        {t(copied ? "common:action.copied" : "common:action.copy")}
                      </Button>
                    )}
                  </CopyButton>
                </Group>
              </div>
            ))}
          </>
        )}
        <Group>
          {name && (
            <Button component={Link} to={`/domains/${encodeURIComponent(name)}/${answers.type}` as string}>
              {t("scenario.open")}
            </Button>
          )}
          <Anchor component={Link} to={"/domains/new" as string} fz="sm">
            {t("scenario.another")}
          </Anchor>
        </Group>
      </Stack>
    </Card>
  );
}

/** Where names are answered: what a resolver says that it listens on; else this host. undefined while that is asked. */
function useServer(): string | undefined {
  const { data, isPending } = $api.useQuery("get", "/api/v1/nodes", { params: { query: { limit: 100 } } });
  const at = data?.items.find((n) => n.dns && n.dns.length > 0)?.dns?.[0];
  if (isPending) return undefined;
  // A wildcard address is reached by the host that the console is reached by.
  return at?.replace(/^(0\.0\.0\.0|\[::\]|):/, `${window.location.hostname}:`) ?? window.location.hostname;
}
