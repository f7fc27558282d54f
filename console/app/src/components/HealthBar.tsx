import { Anchor, Box, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { number } from "@/lib/format";
import { type State, StateIcon, stateColor } from "./State";

export type Share = { key: string; state: State; count: number; word?: string; to?: string; search?: Record<string, unknown> };

/** How many of each state, as a bar and in words; each word leads to the list of them. */
export function HealthBar({ shares, label }: { shares: Share[]; label: string }) {
  const { t } = useTranslation();
  const some = shares.filter((s) => s.count > 0);
  return (
    <div>
      <Box
        aria-hidden
        style={{
          display: "flex",
          gap: 2,
          height: 8,
          borderRadius: 4,
          overflow: "hidden",
          background: "var(--mantine-color-default-border)",
        }}
      >
        {some.map((s) => (
          <div key={s.key} style={{ flex: s.count, minWidth: 4, background: `var(--m-state-${stateColor(s.state)})` }} />
        ))}
      </Box>
      <Group gap="sm" mt={6} component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={label}>
        {some.map((s) => {
          const word = `${number(s.count)} ${s.word ?? t(`state.${s.state}`)}`;
          return (
            <Group component="li" key={s.key} gap={2} wrap="nowrap" data-count={s.key}>
              <StateIcon state={s.state} size={14} />
              {s.to ? (
                <Anchor component={Link} to={s.to} search={s.search as never} fz="sm" c="inherit">
                  {word}
                </Anchor>
              ) : (
                <Text fz="sm">{word}</Text>
              )}
            </Group>
          );
        })}
      </Group>
    </div>
  );
}
