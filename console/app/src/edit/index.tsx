// Editing, for the pages: each part is loaded with its words when it is first shown.
import { type ComponentType, lazy, Suspense } from "react";
import { words } from "@/i18n";
import type { LinePickerProps } from "./LinePicker";
import type { ObjectPanelProps } from "./panel/ObjectPanel";
import type { QuickActionsProps } from "./quick/QuickActions";

function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(async () => (await Promise.all([load(), words("edit")()]))[0]);
}

const Panel = later(() => import("./panel/ObjectPanel"));
const Quick = later(() => import("./quick/QuickActions"));
const Picker = later(() => import("./LinePicker"));
const Bar = later(() => import("./DraftBar"));

/** The side panel that edits an object: kind, objectKey ("" for a new one), onClose; onNavigate when it goes to another. */
export function ObjectPanel(p: ObjectPanelProps) {
  return (
    <Suspense>
      <Panel {...p} />
    </Suspense>
  );
}

/** Emergency switches of an object, past the draft: disable, by hand, drain, clear; with the effect and one-click undo. */
export function QuickActions(p: QuickActionsProps) {
  return (
    <Suspense>
      <Quick {...p} />
    </Suspense>
  );
}

/** Chooses lines out of the tree of built-in and custom ones. */
export function LinePicker(p: LinePickerProps) {
  return (
    <Suspense>
      <Picker {...p} />
    </Suspense>
  );
}

/** The bar of the draft, at the foot of every page while there is one. */
export function DraftBar() {
  return (
    <Suspense>
      <Bar />
    </Suspense>
  );
}

export type { LinePickerProps, ObjectPanelProps, QuickActionsProps };
