import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { Heartbeat, type Slot, upShare } from "./Heartbeat";

const slots: Slot[] = ["ok", "ok", "down", "none", "ok"].map((s, i) => ({
  from: i * 60_000,
  until: (i + 1) * 60_000,
  state: s as Slot["state"],
}));

test("the share counts known time only", () => {
  expect(upShare(slots)).toBe(0.75);
  expect(upShare(slots.filter((s) => s.state === "none"))).toBeUndefined();
});

test("arrow keys walk the slots, with Ctrl to the next change", () => {
  render(
    <MantineProvider>
      <Heartbeat slots={slots} label="fra-1" />
    </MantineProvider>,
  );
  const strip = screen.getByRole("listbox");
  const chosen = () => screen.getAllByRole("option").findIndex((o) => o.getAttribute("aria-selected") === "true");
  fireEvent.focus(strip);
  expect(chosen()).toBe(4);
  fireEvent.keyDown(strip, { key: "ArrowLeft" });
  fireEvent.keyDown(strip, { key: "ArrowLeft" });
  expect(chosen()).toBe(2);
  expect(strip.getAttribute("aria-activedescendant")).toBe(screen.getAllByRole("option")[2]?.id);
  fireEvent.keyDown(strip, { key: "Home" });
  fireEvent.keyDown(strip, { key: "ArrowRight", ctrlKey: true });
  expect(chosen()).toBe(2);
  fireEvent.keyDown(strip, { key: "End" });
  fireEvent.keyDown(strip, { key: "ArrowRight" });
  expect(chosen()).toBe(4);
});
