// The words of the parts of a canvas, the same on nodes, in the list and for screen readers.
import type { TFunction } from "i18next";
import { i18n, locale } from "@/i18n";
import { say } from "@/i18n/say";
import { number, percent } from "@/lib/format";
import type { CanvasEdge, CanvasNode, Rule, Said } from "./types";

export function lineName(n: { code: string; names?: { en: string; zh: string } | undefined }): string {
  return n.names ? (i18n.language === "zh" ? n.names.zh : n.names.en) : n.code;
}

export function stateWord(t: TFunction, state: string): string {
  return state === "unwatched" ? t("canvas:unwatched") : t(`common:state.${state}`);
}

/** What a node is called. */
export function nameOf(t: TFunction, n: CanvasNode): string {
  switch (n.kind) {
    case "line":
      return n.all ? t("canvas:all_clients") : n.code === "default" ? t("canvas:default_line") : lineName(n);
    case "last":
      return t("canvas:last.title");
    case "more":
      return n.waiting > 0 ? t("canvas:more.rest", { count: n.count }) : t("canvas:more.all", { count: n.count });
    case "task":
      return n.port ? `${n.template} :${n.port}` : n.template;
    default:
      return n.name;
  }
}

export function kindWord(t: TFunction, n: CanvasNode): string {
  return t(`canvas:kind.${n.kind}`);
}

/** The rule of an edge in few words. */
export function ruleWords(t: TFunction, r: Rule, lines: (code: string) => string): string {
  const parts: string[] = [];
  switch (r.policy) {
    case "proximity":
      parts.push(r.distance ? t("canvas:rule.distance") : t("canvas:rule.order", { order: number(r.order) }));
      break;
    case "sequential":
      parts.push(t("canvas:rule.order", { order: number(r.order) }));
      break;
    case "weighted":
      parts.push(t("canvas:rule.weight", { weight: number(r.weight) }));
      break;
    case "round_robin":
      parts.push(t("canvas:rule.turn"));
      break;
  }
  if (r.share !== undefined) parts.push(percent(r.share, 0));
  if (r.lines.length > 0 && r.lines.join() !== "default") parts.push(r.lines.map(lines).join(t("canvas:comma")));
  return parts.join(" · ");
}

export function saidOf(s: Said | string | undefined): string {
  return typeof s === "string" ? s : s ? say(s) : "";
}

/** Since when, without the day where it is today. It does not tick: a node must not change by itself. */
export function sinceWord(at: string | undefined): string {
  if (!at) return "";
  const d = new Date(at);
  if (Number.isNaN(d.getTime()) || d.getFullYear() < 2000) return "";
  const today = new Date().toDateString() === d.toDateString();
  return d.toLocaleString(locale(), {
    ...(today ? {} : { month: "2-digit", day: "2-digit" }),
    hour: "2-digit",
    minute: "2-digit",
    ...(today ? { second: "2-digit" } : {}),
    hour12: false,
  });
}

/** What a screen reader says of a node besides its own words: the rules that lead to it, whether it answers now, why never. */
export function alsoOf(t: TFunction, n: CanvasNode, into: CanvasEdge[], lines: (code: string) => string): string {
  const parts = [...new Set(into.flatMap((e) => (e.rule ? [ruleWords(t, e.rule, lines)] : [])))];
  if (n.now) parts.push(t("canvas:answers_now"));
  if (!n.reachable) parts.push(t("canvas:unreachable"));
  if (into.some((e) => !e.enabled)) parts.push(t("canvas:link_disabled"));
  return parts.join(t("canvas:comma"));
}
