// Editing, for the pages: each part is loaded with its words when it is first shown.
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ComponentType, lazy, Suspense } from "react";
import { words } from "@/i18n";
import { type Kind, useDraft } from "./draft";
import type { LinePickerProps } from "./LinePicker";
import type { ObjectPanelProps } from "./panel/ObjectPanel";
import type { QuickActionsProps } from "./quick/QuickActions";

function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(async () => (await Promise.all([load(), words("edit", "changes")()]))[0]);
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
  const draft = useDraft();
  if (draft.items.length === 0) return null;
  return (
    <Suspense>
      <Bar />
    </Suspense>
  );
}

/** Value of the search parameter "edit" that opens an object in the panel over any page; key "" for a new one. */
export function editing(kind: Kind, key: string): string {
  return `${kind}/${key}`;
}

/** The panel over any page, as its address says: ?edit=pool/hangzhou. */
export function EditHost() {
  const { edit } = useSearch({ strict: false }) as { edit?: string };
  const navigate = useNavigate();
  if (!edit) return null;
  const at = edit.indexOf("/");
  const show = (to: string | undefined, replace: boolean) =>
    void navigate({
      to: ".",
      replace,
      resetScroll: false,
      search: ((s: Record<string, unknown>) => {
        const { edit: _, ...rest } = s;
        return to ? { ...rest, edit: to } : rest;
      }) as never,
    });
  return (
    <ObjectPanel
      kind={edit.slice(0, at) as Kind}
      objectKey={edit.slice(at + 1)}
      onClose={() => show(undefined, false)}
      onNavigate={(k, key) => show(editing(k, key), true)}
    />
  );
}

export type { LinePickerProps, ObjectPanelProps, QuickActionsProps };
