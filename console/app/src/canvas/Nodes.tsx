// How a node looks. Plain elements and classes: a canvas has a thousand of them.
import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { number } from "@/lib/format";
import { kindIcon, StateMark } from "./icons";
import { nameOf, saidOf, sinceWord, stateWord } from "./say";
import type { CanvasNode, Mark } from "./types";

export type NodeData = {
  n: CanvasNode;
  /** Mark of the node or of the only link to it. */
  mark?: Mark | undefined;
  /** A link to it is disabled. */
  linkOff: boolean;
  /** What is seen in the drawing and only said of the node. */
  also: string;
  selected: boolean;
  lit?: boolean | undefined;
  why?: string | undefined;
  /** Who answers the clients of a line now. */
  goes?: string | undefined;
  /** Taken as failed in the explanation. */
  pretend?: boolean | undefined;
};
export type FlowNode = Node<NodeData, "part">;

export const Part = memo(function Part({ data }: NodeProps<FlowNode>) {
  const { t } = useTranslation("canvas");
  const { n } = data;
  const I = kindIcon[n.kind];
  const off = !n.reachable || n.state === "disabled" || data.linkOff || n.mark === "removed";
  const mark = data.mark ? (
    <span className="cv-tag cv-end" data-tone={data.mark}>
      {t(`mark.${data.mark}`)}
    </span>
  ) : null;
  const why = data.why ?? (!n.reachable && n.because ? saidOf(n.because) : undefined);
  return (
    <div
      className="cv-node"
      data-kind={n.kind}
      data-state={n.kind === "line" ? undefined : n.kind === "last" ? (n.active ? "down" : undefined) : n.state}
      data-now={n.now && data.lit === undefined}
      data-off={off}
      data-mark={data.mark}
      data-selected={data.selected}
      data-lit={data.lit}
      title={why ?? (n.said ? saidOf(n.said) : undefined)}
    >
      <div className="cv-row">
        <I size={15} aria-hidden />
        <span className="cv-hidden">{t(`kind.${n.kind}`)} </span>
        <span className="cv-name">{nameOf(t, n)}</span>
        {n.kind === "domain" && <span className="cv-tag">{n.type}</span>}
        {n.kind === "last" && n.active && (
          <span className="cv-tag" data-tone="now">
            {t("now")}
          </span>
        )}
        {data.pretend && (
          <span className="cv-tag" data-tone="removed">
            {t("pretend_down")}
          </span>
        )}
        {mark}
        {!mark && n.usedBy > 1 && <span className="cv-tag cv-end">{t("used_by", { count: n.usedBy })}</span>}
      </div>
      <Body data={data} why={why} />
      {data.also && <span className="cv-hidden">{`; ${data.also}`}</span>}
    </div>
  );
});

function Body({ data, why }: { data: NodeData; why: string | undefined }) {
  const { t } = useTranslation("canvas");
  const { n } = data;
  const state = <StateMark state={n.state} word={stateWord(t, n.state)} />;
  const since = sinceWord(n.since);
  switch (n.kind) {
    case "domain":
      return (
        <>
          <div className="cv-row">
            {state}
            {!n.answered && <span className="cv-tag cv-end">{t("not_answered")}</span>}
          </div>
          <div className="cv-sub">
            {t(`common:policy.${n.policy}`)} · {t("ttl", { ttl: number(n.ttl) })}
          </div>
          <div className="cv-why">{why ?? saidOf(n.said)}</div>
        </>
      );
    case "line":
      return <div className="cv-why">{why ?? data.goes}</div>;
    case "last":
      return <div className="cv-why">{why ?? t(n.empty ? "last.empty" : n.possible ? "last.answers" : "last.impossible")}</div>;
    case "pool":
      return (
        <>
          <div className="cv-row">
            {state}
            <span className="cv-sub">
              {n.needs > 0
                ? t("up_needs", { ok: number(n.ok), total: number(n.total), needs: number(n.needs) })
                : t("up_of", { ok: number(n.ok), total: number(n.total) })}
            </span>
          </div>
          <div className="cv-why">
            {why ??
              `${t(`common:policy.${n.policy}`)} · ${t("members", { count: n.members })}${n.current ? ` · ${t("current", { name: n.current })}` : ""}`}
          </div>
        </>
      );
    case "address":
      return (
        <>
          <div className="cv-row">
            {state}
            {since && <span className="cv-sub">{t("since", { at: since })}</span>}
          </div>
          <div className="cv-why mono">{why ?? n.value}</div>
        </>
      );
    case "task": {
      const h = n.health;
      const failed = h?.findings.find((f) => f.finding === "failed" && f.reason);
      const reason = failed && saidOf(failed.said ?? failed.reason);
      return (
        <div className="cv-row">
          {state}
          <span className="cv-sub">
            {reason ?? (h && h.voting > 0 ? t("votes", { good: number(h.voting - h.failed), voting: number(h.voting) }) : t("no_votes"))}
          </span>
        </div>
      );
    }
    case "more":
      return (
        <div className="cv-row">
          {n.failing > 0 ? (
            <StateMark state="down" word={t("more.failing", { count: n.failing })} />
          ) : (
            <StateMark state="ok" word={t("more.none_failing")} />
          )}
          <span className="cv-sub">{t("more.open")}</span>
        </div>
      );
  }
}
