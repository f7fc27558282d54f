import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

/** The frame of every page: one level-one heading, what it is about, and its actions. */
export function Page({
  title,
  about,
  trail,
  state,
  actions,
  children,
}: {
  title: string;
  about?: ReactNode;
  trail?: { label: string; to: string }[];
  state?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Meridian`;
  }, [title]);
  return (
    <Stack gap="md">
      <div>
        {trail && trail.length > 0 && (
          <Breadcrumbs mb={4} fz="sm">
            {trail.map((x) => (
              <Anchor key={x.to} component={Link} to={x.to} fz="sm">
                {x.label}
              </Anchor>
            ))}
          </Breadcrumbs>
        )}
        <Group justify="space-between" align="flex-start" gap="sm">
          <Group gap="sm" align="center">
            <Title order={1}>{title}</Title>
            {state}
          </Group>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {about && (
          <Text c="dimmed" fz="sm" mt={4} maw={760}>
            {about}
          </Text>
        )}
      </div>
      {children}
    </Stack>
  );
}
