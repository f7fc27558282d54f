import type { Icon } from "@tabler/icons-react";
import type { AnyRoute } from "@tanstack/react-router";
import type { ComponentType } from "react";
import type { Role } from "@/api/session";

/** A line in the navigation. label is a key of the namespace "common". */
export type NavItem = {
  label: string;
  to: string;
  icon: Icon;
  group: "watch" | "steer" | "serve" | "manage";
  order: number;
  need?: Role;
  /** Beside the label, like a number that wants to be seen. */
  badge?: ComponentType;
};

/** An object that the palette, links and "used by" lists can open. */
export type Area = { routes: AnyRoute[]; nav: NavItem[]; parent?: "shell" | "root" };
