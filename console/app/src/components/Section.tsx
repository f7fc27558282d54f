import { Card, Group, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

/** A part of a page with its heading. */
export function Section({
  title,
  actions,
  children,
  order = 2,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  order?: 2 | 3;
}) {
  const id = useId();
  return (
    <Card withBorder component="section" aria-labelledby={id}>
      <Group justify="space-between" mb="sm" gap="xs">
        <Title order={order} id={id}>
          {title}
        </Title>
        {actions}
      </Group>
      {children}
    </Card>
  );
}
