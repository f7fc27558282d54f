import { ActionIcon, Button, CopyButton, Group, SegmentedControl, Skeleton, Switch, Text, Title, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconCheck, IconEdit, IconLink, IconList, IconPlus, IconSitemap, IconX, IconZoomQuestion } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "@/api/session";
import { type Act, Canvas, type Light } from "@/canvas/Canvas";
import { StateMark } from "@/canvas/icons";
import { Aside, Facts } from "@/canvas/SidePanel";
import { kindWord, nameOf, saidOf, stateWord } from "@/canvas/say";
import { Tree } from "@/canvas/Tree";
import type { CanvasNode } from "@/canvas/types";
import { useEditing } from "@/canvas/useEditing";
import { useOrchestration } from "@/canvas/useOrchestration";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { QuickActions } from "@/edit";
import { ExplainForm } from "@/explain/ExplainForm";
import { lightOf } from "@/explain/light";
import { clientOf, clientText, type Question } from "@/explain/question";
import { Steps } from "@/explain/Steps";
import { useExplain } from "@/explain/useExplain";
import { type CanvasSearch, joined, list } from "./search";

const Alerts = lazy(() => import("@/pages/alerts/DomainAlerts").then((m) => ({ default: m.DomainAlertsSection })));
const route = getRouteApi("/shell/domains/$name/$type");

export function DomainPage() {
  const { t } = useTranslation("domains");
  const { name, type } = route.useParams();
  const key = `${name}/${type}`;
  const search = route.useSearch() as CanvasSearch;
  const navigate = route.useNavigate();
  const narrow = useMediaQuery("(max-width: 62em)");
  const can = useCan("operator");

  const view = useMemo(
    () => ({ open: new Set(list(search.open)), shut: new Set(list(search.shut)), failing: search.failing === true }),
    [search.open, search.shut, search.failing],
  );
  const o = useOrchestration(name, type, view);
  const picture = o.canvas;
  const selected = picture && search.sel ? picture.byId.get(search.sel) : undefined;
  const asList = search.view === "list";

  const set = useCallback(
    (change: Partial<CanvasSearch>) =>
      void navigate({ search: ((old: CanvasSearch) => ({ ...old, ...change })) as never, replace: true, resetScroll: false }),
    [navigate],
  );

  // The explanation: all of its question is in the address.
  const question = useMemo(
    (): Question | undefined =>
      search.explain
        ? { name, type: search.qtype ?? type, client: clientOf(search.explain), down: list(search.down), draft: search.draft === true }
        : undefined,
    [name, type, search.explain, search.qtype, search.down, search.draft],
  );
  const answer = useExplain(question);
  const light = useMemo((): Light | undefined => {
    if (!picture || !question || !answer.explanation) return undefined;
    const l = lightOf(answer.explanation, key, picture);
    if (!l) return undefined;
    const why = new Map([...l.why].map(([id, s]) => [id, s === "in_line" || s === "not_in_line" ? t(`explain:${s}`) : saidOf(s)]));
    return { nodes: l.nodes, edges: l.edges, ways: l.ways, why };
  }, [picture, question, answer.explanation, key, t]);
  const pretend = useMemo(() => (question ? new Set(question.down) : undefined), [question]);

  const toggle = useCallback(
    (n: CanvasNode | undefined) => {
      const pool = n?.kind === "pool" ? n.name : n?.kind === "more" ? n.pool : undefined;
      if (!pool) return;
      const at = picture?.byId.get(`pool:${pool}`);
      const [open, shut] = [new Set(list(search.open)), new Set(list(search.shut))];
      if (at?.kind === "pool" && at.collapsed) {
        open.add(pool);
        shut.delete(pool);
      } else if (n?.kind !== "more") {
        open.delete(pool);
        shut.add(pool);
      }
      set({ open: joined(open), shut: joined(shut), ...(n?.kind === "more" ? { failing: undefined } : {}) });
    },
    [picture, search.open, search.shut, set],
  );

  const focus = useCallback((id: string) => {
    const q = CSS.escape(id);
    document.querySelector<HTMLElement>(`.react-flow__node[data-id="${q}"], tr[data-node="${q}"]`)?.focus();
  }, []);
  const from = useRef<string | undefined>(undefined);
  const select = useCallback(
    (id: string) => {
      from.current = id;
      set({ sel: id });
    },
    [set],
  );
  const flip = useCallback(
    (address: string) => {
      const down = new Set(list(search.down));
      if (!down.delete(address)) down.add(address);
      set({ down: joined(down), explain: search.explain ?? "any" });
    },
    [search.down, search.explain, set],
  );
  const startExplain = useCallback(
    (n?: CanvasNode) => set({ sel: undefined, explain: n?.kind === "line" && !n.all ? `line:${n.code}` : (search.explain ?? "any") }),
    [search.explain, set],
  );
  const editing = useEditing(
    o,
    useMemo(() => ({ select, toggle, explain: startExplain, pretend: flip, focus }), [select, toggle, startExplain, flip, focus]),
  );

  const act = editing.onAct;
  const onAct = useCallback(
    (a: Act, id: string, at: { x: number; y: number }) => {
      const n = picture?.byId.get(id);
      if (!n || act(a, id, at)) return;
      if (a === "toggle") toggle(n);
      else if (a === "pretend" || (a === "open" && question && n.kind === "address")) {
        if (n.kind === "address") flip(n.name);
      } else if (a === "open") select(id);
    },
    [picture, act, toggle, question, flip, select],
  );
  const close = useCallback(() => {
    set({ sel: undefined });
    if (from.current) focus(from.current);
  }, [set, focus]);

  const aside = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (search.sel) aside.current?.querySelector<HTMLElement>("[data-close]")?.focus({ preventScroll: true });
  }, [search.sel]);

  const root = picture?.nodes[0];
  const beside = selected !== undefined || question !== undefined;
  const pretendable = question && !asList;
  return (
    <Page
      title={name}
      trail={[{ label: t("common:nav.domains"), to: "/domains" }]}
      state={
        root && (
          <Group gap="xs">
            <Text fz="sm" c="dimmed">
              {type}
            </Text>
            <StateMark state={root.state} word={stateWord(t, root.state)} />
          </Group>
        )
      }
      actions={
        <>
          <Switch
            label={t("failing")}
            checked={search.failing === true}
            onChange={(e) => set({ failing: e.currentTarget.checked || undefined })}
          />
          {can && root && (
            <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => editing.add(root.id)}>
              {t("canvas:act.add_pool")}
            </Button>
          )}
          <Button
            variant={question ? "filled" : "default"}
            aria-pressed={question !== undefined}
            leftSection={<IconZoomQuestion size={16} aria-hidden />}
            onClick={() => (question ? set({ explain: undefined, down: undefined, draft: undefined, qtype: undefined }) : startExplain())}
          >
            {t("explain:start")}
          </Button>
          <SegmentedControl
            aria-label={t("view")}
            value={asList ? "list" : "canvas"}
            onChange={(v) => set({ view: v === "list" ? "list" : undefined })}
            data={[
              { value: "canvas", label: <ViewLabel icon={IconSitemap} text={t("view_canvas")} /> },
              { value: "list", label: <ViewLabel icon={IconList} text={t("view_list")} /> },
            ]}
          />
        </>
      }
    >
      {o.error !== undefined && <Problem error={o.error} retry={o.retry} />}
      {!picture && o.error === undefined && <Skeleton className="cv-box" />}
      {picture && (
        <div className="cv-split" data-aside={beside && !narrow ? true : undefined}>
          {asList ? (
            <Tree picture={picture} selected={search.sel} light={light} pretend={pretend} onAct={onAct} />
          ) : (
            <Canvas
              picture={picture}
              selected={search.sel}
              light={light}
              pretend={pretend}
              onAct={onAct}
              onEdge={editing.onEdge}
              onEscape={() => search.sel && close()}
            />
          )}
          {selected ? (
            <div ref={aside}>
              <Aside title={nameOf(t, selected)} kind={kindWord(t, selected)} onClose={close}>
                <Group gap="xs">
                  {selected.object && (
                    <Button size="xs" leftSection={<IconEdit size={15} aria-hidden />} onClick={() => editing.edit(selected)}>
                      {t(can ? "common:action.edit" : "look")}
                    </Button>
                  )}
                  {selected.object && selected.kind !== "task" && selected.kind !== "last" && (
                    <QuickActions kind={selected.object.kind} objectKey={selected.object.key} />
                  )}
                  {selected.kind === "pool" && (
                    <Button variant="default" size="xs" onClick={() => toggle(selected)}>
                      {t(selected.collapsed ? "expand" : "collapse")}
                    </Button>
                  )}
                </Group>
                <Facts picture={picture} n={selected} onGo={(id) => set({ sel: id })} />
              </Aside>
            </div>
          ) : (
            question && (
              <aside className="cv-aside" aria-label={t("explain:title")}>
                <Group justify="space-between" wrap="nowrap" p="sm" pb={0}>
                  <Title order={2}>{t("explain:title")}</Title>
                  <Group gap={4} wrap="nowrap">
                    <CopyButton value={window.location.href}>
                      {({ copied, copy }) => (
                        <Tooltip label={t(copied ? "common:action.copied" : "explain:share")}>
                          <ActionIcon variant="subtle" color="gray" aria-label={t("explain:share")} onClick={copy}>
                            {copied ? <IconCheck size={18} aria-hidden /> : <IconLink size={18} aria-hidden />}
                          </ActionIcon>
                        </Tooltip>
                      )}
                    </CopyButton>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={t("explain:close")}
                      onClick={() => set({ explain: undefined, down: undefined, draft: undefined, qtype: undefined })}
                    >
                      <IconX size={18} aria-hidden />
                    </ActionIcon>
                  </Group>
                </Group>
                <div style={{ padding: "var(--mantine-spacing-sm)" }}>
                  <ExplainForm
                    q={question}
                    onChange={(c) =>
                      set({
                        ...(c.client ? { explain: clientText(c.client) } : {}),
                        ...(c.type ? { qtype: c.type === type ? undefined : c.type } : {}),
                        ...(c.down ? { down: joined(c.down) } : {}),
                        ...(c.draft !== undefined ? { draft: c.draft || undefined } : {}),
                      })
                    }
                  >
                    {pretendable && question.down.length === 0 && (
                      <Text fz="xs" c="dimmed">
                        {t("explain:down_hint")}
                      </Text>
                    )}
                  </ExplainForm>
                  <div style={{ marginTop: "var(--mantine-spacing-md)" }}>
                    {answer.error ? (
                      <Problem error={answer.error} />
                    ) : answer.explanation ? (
                      <>
                        {!light && (
                          <Text fz="sm" mb="sm">
                            {t("explain:no_step", { type: question.type })}
                          </Text>
                        )}
                        <Steps q={question} x={answer.explanation} here={key} />
                      </>
                    ) : (
                      answer.complete && <Skeleton height={240} />
                    )}
                  </div>
                </div>
              </aside>
            )
          )}
        </div>
      )}
      {picture && (
        <Suspense fallback={<Skeleton height={240} />}>
          <Alerts name={name} type={type} />
        </Suspense>
      )}
      {editing.ui}
    </Page>
  );
}

function ViewLabel({ icon: I, text }: { icon: typeof IconList; text: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      <I size={15} aria-hidden />
      <span>{text}</span>
    </Group>
  );
}
