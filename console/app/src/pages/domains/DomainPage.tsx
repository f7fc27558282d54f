import { Button, Group, SegmentedControl, Skeleton, Switch, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconList, IconSitemap } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type Act, Canvas } from "@/canvas/Canvas";
import { StateMark } from "@/canvas/icons";
import { Aside, Facts } from "@/canvas/SidePanel";
import { kindWord, nameOf, stateWord } from "@/canvas/say";
import { Tree } from "@/canvas/Tree";
import type { CanvasEdge, CanvasNode } from "@/canvas/types";
import { useOrchestration } from "@/canvas/useOrchestration";
import { Page } from "@/components/Page";
import { Problem } from "@/components/Problem";
import { type CanvasSearch, joined, list } from "./search";

const route = getRouteApi("/shell/domains/$name/$type");

export function DomainPage() {
  const { t } = useTranslation("domains");
  const { name, type } = route.useParams();
  const search = route.useSearch() as CanvasSearch;
  const navigate = route.useNavigate();
  const narrow = useMediaQuery("(max-width: 48em)");

  const view = useMemo(
    () => ({ open: new Set(list(search.open)), shut: new Set(list(search.shut)), failing: search.failing === true }),
    [search.open, search.shut, search.failing],
  );
  const o = useOrchestration(name, type, view);
  const picture = o.canvas;
  const selected = picture && search.sel ? picture.byId.get(search.sel) : undefined;

  const set = useCallback(
    (change: Partial<CanvasSearch>, replace = true) =>
      void navigate({ search: ((old: CanvasSearch) => ({ ...old, ...change })) as never, replace, resetScroll: false }),
    [navigate],
  );

  const toggle = useCallback(
    (n: CanvasNode | undefined) => {
      const pool = n?.kind === "pool" ? n.name : n?.kind === "more" ? n.pool : undefined;
      if (!pool) return;
      const at = picture?.byId.get(`pool:${pool}`);
      const collapsed = at?.kind === "pool" && at.collapsed;
      const [open, shut] = [new Set(list(search.open)), new Set(list(search.shut))];
      if (collapsed) {
        open.add(pool);
        shut.delete(pool);
      } else {
        open.delete(pool);
        shut.add(pool);
      }
      set({ open: joined(open), shut: joined(shut), ...(n?.kind === "more" && search.failing ? { failing: undefined } : {}) });
    },
    [picture, search, set],
  );

  const from = useRef<string | undefined>(undefined);
  const onAct = useCallback(
    (act: Act, id: string) => {
      const n = picture?.byId.get(id);
      if (!n) return;
      if (act === "toggle") toggle(n);
      if (act === "open") {
        from.current = id;
        set({ sel: id });
      }
    },
    [picture, set, toggle],
  );
  const onEdge = useCallback((e: CanvasEdge) => set({ sel: e.to }), [set]);
  const close = useCallback(() => {
    set({ sel: undefined });
    const id = from.current;
    if (id) document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
  }, [set]);

  const aside = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (search.sel) aside.current?.querySelector<HTMLElement>("[data-close]")?.focus({ preventScroll: true });
  }, [search.sel]);

  const asList = search.view === "list";
  const root = picture?.nodes[0];
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
        <div className="cv-split" data-aside={selected && !narrow ? true : undefined}>
          {asList ? (
            <Tree picture={picture} selected={search.sel} onAct={onAct} />
          ) : (
            <Canvas picture={picture} selected={search.sel} onAct={onAct} onEdge={onEdge} onEscape={close} />
          )}
          {selected && (
            <div ref={aside}>
              <Aside title={nameOf(t, selected)} kind={kindWord(t, selected)} onClose={close}>
                <Facts picture={picture} n={selected} onGo={(id) => set({ sel: id })} />
                {selected.kind === "pool" && (
                  <Button variant="default" size="xs" onClick={() => toggle(selected)}>
                    {t(selected.collapsed ? "expand" : "collapse")}
                  </Button>
                )}
              </Aside>
            </div>
          )}
        </div>
      )}
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
