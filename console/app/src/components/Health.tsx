// The state of an object: what its health tasks say, and what a person decided above them.
import { Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { stateOfGrade } from "@/lib/health";
import { type State, StateBadge } from "./State";

export type Judged = {
  health?: string | undefined;
  available?: boolean | undefined;
  mode?: string | undefined;
  override?: { action: string } | undefined;
  enabled?: boolean | undefined;
};

/** What counts: an order of an operator, then the mode, then health. */
export function stateOf(j: Judged): { state: State; word?: string } {
  if (j.enabled === false) return { state: "disabled" };
  if (j.override) return j.override.action === "drain" ? { state: "withdrawn" } : { state: "manual", word: "health.enabled_by_order" };
  if (j.mode === "manual_available") return { state: "manual", word: "health.manual_available" };
  if (j.mode === "manual_unavailable") return { state: "manual", word: "health.manual_unavailable" };
  if (j.health === "unmonitored") return { state: "unknown", word: "health.unmonitored" };
  return { state: stateOfGrade(j.health) };
}

/** One badge, and a second for health itself where something else decides. */
export function Health(j: Judged) {
  const { t } = useTranslation();
  const { state, word } = stateOf(j);
  const decided = state === "withdrawn" || state === "manual";
  return (
    <Group gap={4} wrap="wrap">
      <StateBadge state={state} {...(word ? { word: t(word) } : {})} />
      {decided && j.health && j.health !== "disabled" && (
        <StateBadge
          state={stateOfGrade(j.health)}
          word={t("health.probes_say", { word: t(j.health === "unmonitored" ? "health.unmonitored" : `state.${stateOfGrade(j.health)}`) })}
        />
      )}
    </Group>
  );
}
