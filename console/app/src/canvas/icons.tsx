import "./canvas.css";
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconClockPause,
  IconDots,
  IconEyeOff,
  IconHandStop,
  IconHeartbeat,
  IconHelpCircle,
  IconLifebuoy,
  IconPlayerPause,
  IconRoute,
  IconServer,
  IconStack2,
  IconWorld,
} from "@tabler/icons-react";
import type { NodeKind } from "./types";

export const kindIcon: Record<NodeKind, typeof IconServer> = {
  domain: IconWorld,
  line: IconRoute,
  last: IconLifebuoy,
  pool: IconStack2,
  address: IconServer,
  task: IconHeartbeat,
  more: IconDots,
};

/** Icon and colour of a state; the word stands beside it. */
export const stateLook: Record<string, { icon: typeof IconServer; color: string }> = {
  ok: { icon: IconCircleCheck, color: "green" },
  degraded: { icon: IconAlertTriangle, color: "yellow" },
  down: { icon: IconCircleX, color: "red" },
  unknown: { icon: IconHelpCircle, color: "gray" },
  unwatched: { icon: IconEyeOff, color: "gray" },
  stale: { icon: IconClockPause, color: "orange" },
  disabled: { icon: IconPlayerPause, color: "gray" },
  withdrawn: { icon: IconBan, color: "grape" },
  manual: { icon: IconHandStop, color: "blue" },
};

export function StateMark({ state, word }: { state: string; word: string }) {
  const { icon: I, color } = stateLook[state] ?? { icon: IconHelpCircle, color: "gray" };
  return (
    <span className="cv-state" data-color={color}>
      <I size={14} aria-hidden />
      {word}
    </span>
  );
}
