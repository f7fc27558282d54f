// The health of things, always as colour, icon and word together.
import { Badge, ThemeIcon, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconClockPause,
  IconHandStop,
  IconHelpCircle,
  IconPlayerPause,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

/** ok; degraded (works, something in it fails); down; unknown (nobody has judged); stale (the last word is old);
 * disabled (by configuration); withdrawn (by an override); manual (held by hand). */
export type State = "ok" | "degraded" | "down" | "unknown" | "stale" | "disabled" | "withdrawn" | "manual";

const looks: Record<State, { color: string; icon: typeof IconCircleCheck }> = {
  ok: { color: "green", icon: IconCircleCheck },
  degraded: { color: "yellow", icon: IconAlertTriangle },
  down: { color: "red", icon: IconCircleX },
  unknown: { color: "gray", icon: IconHelpCircle },
  stale: { color: "orange", icon: IconClockPause },
  disabled: { color: "gray", icon: IconPlayerPause },
  withdrawn: { color: "grape", icon: IconBan },
  manual: { color: "blue", icon: IconHandStop },
};

export function stateColor(s: State): string {
  return looks[s].color;
}

export function StateBadge({ state, word }: { state: State; word?: string }) {
  const { t } = useTranslation();
  const { color, icon: Icon } = looks[state];
  return (
    <Badge
      color={color}
      variant="light"
      data-state={state}
      leftSection={<Icon size={13} aria-hidden />}
      styles={{ root: { textTransform: "none", color: `var(--m-state-${color})` } }}
    >
      {word ?? t(`state.${state}`)}
    </Badge>
  );
}

export function StateIcon({ state, size = 18 }: { state: State; size?: number }) {
  const { t } = useTranslation();
  const { color, icon: Icon } = looks[state];
  const word = t(`state.${state}`);
  return (
    <Tooltip label={word}>
      <ThemeIcon size={size + 4} radius="xl" variant="transparent" data-state={state} c={`var(--m-state-${color})`}>
        <Icon size={size} role="img" aria-label={word} />
      </ThemeIcon>
    </Tooltip>
  );
}
