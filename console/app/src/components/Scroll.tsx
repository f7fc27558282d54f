import { Table } from "@mantine/core";
import type { ReactNode } from "react";

/** Lets a wide table scroll by itself on a narrow screen, by keyboard too. */
export function Scroll({ label, children, min = 0 }: { label: string; children: ReactNode; min?: number }) {
  return (
    <Table.ScrollContainer minWidth={min} type="native" tabIndex={0} role="region" aria-label={label}>
      {children}
    </Table.ScrollContainer>
  );
}
