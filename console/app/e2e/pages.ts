// The pages of the console, as the tour shows them and as all of them are held to the same rules.
import type { Page } from "playwright-core";

export type Shown = { file: string; path: string; ready?: (page: Page) => Promise<unknown>; manual?: boolean };

export const heading = (page: Page) => page.getByRole("heading", { level: 1 }).first().waitFor();

/** Every page of the console. manual: its picture stands in the manual. */
export const pages: Shown[] = [
  { file: "overview", path: "/", manual: true },
  { file: "domains", path: "/domains", manual: true },
  { file: "canvas", path: "/domains/shop.example.com/A", manual: true },
  { file: "canvas-list", path: "/domains/shop.example.com/A?view=list" },
  { file: "scenarios", path: "/domains/new", manual: true },
  { file: "scenario", path: "/domains/new?scenario=carrier" },
  { file: "panel", path: "/pools?edit=pool%2Fguangzhou" },
  { file: "review", path: "/review" },
  { file: "explain", path: "/domains/shop.example.com/A?explain=202.96.128.1", manual: true },
  { file: "explain-any", path: "/explain?name=www.example.com&client=8.8.8.8" },
  { file: "pools", path: "/pools" },
  { file: "pool", path: "/pools/guangzhou", manual: true },
  { file: "addresses", path: "/addresses", manual: true },
  { file: "address", path: "/addresses/gz-tel-1", manual: true },
  { file: "templates", path: "/templates" },
  { file: "template", path: "/templates/web" },
  { file: "lines", path: "/lines" },
  { file: "overrides", path: "/overrides" },
  { file: "incidents", path: "/incidents", manual: true },
  { file: "events", path: "/events" },
  { file: "map", path: "/map", manual: true },
  { file: "nodes", path: "/nodes" },
  { file: "vantages", path: "/vantages" },
  { file: "traffic", path: "/traffic", manual: true },
  { file: "queries", path: "/queries" },
  { file: "alerts", path: "/alerts", manual: true },
  { file: "alert-channels", path: "/alerts?tab=channels" },
  { file: "alert-settings", path: "/alerts?tab=settings" },
  { file: "alert-log", path: "/alerts?tab=log" },
  { file: "zones", path: "/zones" },
  { file: "zone", path: "/zones/example.com", manual: true },
  { file: "revisions", path: "/revisions" },
  { file: "revision", path: "/revisions/1" },
  { file: "audit", path: "/audit" },
  { file: "users", path: "/users" },
  { file: "tokens", path: "/tokens" },
  { file: "settings", path: "/settings" },
  { file: "account", path: "/account" },
  { file: "about", path: "/about" },
];
