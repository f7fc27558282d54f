import { createContext, useContext } from "react";
import type { Body, Kind } from "../draft";

/** How a form in the panel goes to other objects without leaving its own. */
export type PanelNav = {
  open: (kind: Kind, key: string) => void;
  create: (kind: Kind, initial: Body, onCreated: (key: string) => void) => void;
};

export const NavContext = createContext<PanelNav>({ open: () => {}, create: () => {} });
export const useNav = () => useContext(NavContext);
