// From a few answers to the objects of a scenario: pure, so that it can be tried on all of them.
import type { Body, Kind } from "../draft";
import { familyOf } from "../model/address";
import type { Num } from "../model/common";
import { canonicalName, poolTypeOf } from "../model/domain";

export const scenarios = ["active-standby", "weighted", "carrier", "region", "hybrid", "health", "custom"] as const;
export type Scenario = (typeof scenarios)[number];

export type Site = { id: number; name: string; addresses: string[]; weight: Num; lines: string[] };

export type CheckAnswers = {
  /** none: always available. */
  how: "none" | "ping" | "tcp" | "http" | "https" | "existing";
  port: Num;
  path: string;
  host: string;
  /** Name of a template that is there already. */
  template: string;
};

export type Answers = {
  scenario: Scenario;
  name: string;
  type: "A" | "AAAA";
  ttl: Num;
  /** Zone to make with it; empty: a hosted one holds the name. */
  zone: string;
  nameservers: string[];
  sites: Site[];
  check: CheckAnswers;
  /** active-standby: go back to the first site at once when it is good again. */
  goBack: boolean;
  /** hybrid: percent of clients that the cloud serves; 0: it stands by. */
  cloudShare: Num;
  allDown: "serve_all" | "nodata";
};

let ids = 0;
export const newSite = (p: Partial<Site> = {}): Site => ({ id: ++ids, name: "", addresses: [], weight: 1, lines: [], ...p });

/** The answers that a scenario begins with. */
export function begin(scenario: Scenario): Answers {
  const sites: Record<Scenario, Site[]> = {
    "active-standby": [newSite({ name: "main" }), newSite({ name: "standby" })],
    weighted: [newSite({ name: "site-a" }), newSite({ name: "site-b" })],
    carrier: [
      newSite({ name: "telecom", lines: ["telecom", "default"] }),
      newSite({ name: "unicom", lines: ["unicom"] }),
      newSite({ name: "mobile", lines: ["mobile"] }),
    ],
    region: [
      newSite({ name: "china", lines: ["cn"] }),
      newSite({ name: "europe", lines: ["oversea:europe"] }),
      newSite({ name: "world", lines: ["default"] }),
    ],
    hybrid: [newSite({ name: "own" }), newSite({ name: "cloud" })],
    health: [newSite({ name: "servers" })],
    custom: [],
  };
  return {
    scenario,
    name: "",
    type: "A",
    ttl: 60,
    zone: "",
    nameservers: [],
    sites: sites[scenario],
    check: { how: "http", port: 80, path: "/", host: "", template: "" },
    goBack: true,
    cloudShare: 20,
    allDown: "serve_all",
  };
}

export const usualPort = { none: "", ping: "", tcp: 443, http: 80, https: 443, existing: "" } as const;

/** Whether sites are told apart by the client's line. */
export const byLine = (s: Scenario) => s === "carrier" || s === "region";

export type Want = { kind: Kind; key: string; body: Body };

/** A name for objects out of any text. */
export function slug(s: string): string {
  return (
    s
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40) || "site"
  );
}

/** The first of want, want-2, want-3, … that is not taken. */
export function freeName(want: string, taken: (name: string) => boolean): string {
  if (!taken(want)) return want;
  for (let i = 2; ; i++) if (!taken(`${want}-${i}`)) return `${want}-${i}`;
}

/** Names that a scenario would like for its objects, before it is known which are taken. */
export function wishes(a: Answers): { kind: Kind; name: string }[] {
  const out: { kind: Kind; name: string }[] = [];
  build(a, (kind, name) => {
    out.push({ kind, name });
    return name;
  });
  return out;
}

/** The objects of a scenario. name gives each its own name: it is asked with what would be liked. */
export function build(a: Answers, name: (kind: Kind, like: string) => string): Want[] {
  const out: Want[] = [];
  const domain = canonicalName(a.name);
  const short = slug(domain.split(".")[0] ?? "");
  const put = (kind: Kind, key: string, body: Body) => out.push({ kind, key, body });
  if (a.zone) {
    const zone = canonicalName(a.zone);
    put("zone", zone, { name: zone, ...(a.nameservers.length > 0 ? { nameservers: a.nameservers } : {}) });
  }
  const tasks = check(a, short, name, put);
  const type = poolTypeOf[a.type];
  const used = new Set<string>();
  const own = (kind: Kind, like: string) => {
    const got = name(
      kind,
      freeName(like, (n) => used.has(`${kind} ${n}`)),
    );
    used.add(`${kind} ${got}`);
    return got;
  };
  const pools = a.sites.map((s) => {
    const site = slug(s.name);
    const members = s.addresses.map((address, i) => {
      const n = own("address", `${short}-${site}-${i + 1}`);
      put("address", n, { name: n, address, tasks });
      return { address: n };
    });
    const pool = own("pool", `${short}-${site}`);
    put("pool", pool, { name: pool, type, policy: "round_robin", members });
    return pool;
  });
  put("access_domain", `${domain}/${a.type}`, {
    name: domain,
    type: a.type,
    ...(a.ttl === "" ? {} : { ttl: a.ttl }),
    ...steering(a),
    all_down: a.allDown,
    pools: pools.map((pool, i) => ({
      pool,
      serial: i + 1,
      weight: weightOf(a, i),
      ...(byLine(a.scenario) && (a.sites[i]?.lines.length ?? 0) > 0 ? { lines: a.sites[i]?.lines } : {}),
    })),
  });
  return out;
}

function check(
  a: Answers,
  short: string,
  name: (kind: Kind, like: string) => string,
  put: (kind: Kind, key: string, body: Body) => void,
): Body[] {
  const c = a.check;
  const port = c.port === "" || c.how === "ping" ? {} : { port: c.port };
  if (c.how === "none") return [];
  if (c.how === "existing") return c.template ? [{ template: c.template, ...port }] : [];
  const template = name("template", `${short}-${c.how}`);
  const web = { host: c.host || canonicalName(a.name), path: c.path || "/", expect_status: ["200-399"] };
  put("template", template, {
    name: template,
    protocol: c.how,
    ip_version: a.type === "AAAA" ? "IPv6" : "IPv4",
    // Two bad probes 5 s apart and a time limit of 2 s: a dead endpoint is out after about 10 s.
    interval: "5s",
    timeout: "2s",
    evaluation_count: 2,
    ...(c.how === "http" ? { http: web } : {}),
    ...(c.how === "https" ? { https: web } : {}),
  });
  return [{ template, ...port }];
}

function steering(a: Answers): Body {
  switch (a.scenario) {
    case "active-standby":
      return { policy: "sequential", mode: a.goBack ? "preemptive" : "non_preemptive" };
    case "weighted":
      return { policy: "weighted" };
    case "hybrid":
      return Number(a.cloudShare) > 0 ? { policy: "weighted" } : { policy: "sequential", mode: "preemptive" };
    case "carrier":
    case "region":
      return { policy: "proximity", order: "serial", unmatched: "fallback" };
    default:
      return { policy: "round_robin" };
  }
}

function weightOf(a: Answers, i: number): Num {
  if (a.scenario === "weighted") return a.sites[i]?.weight || 1;
  if (a.scenario === "hybrid" && Number(a.cloudShare) > 0) {
    const cloud = Math.min(100, Math.max(0, Number(a.cloudShare)));
    return Math.max(1, i === 0 ? 100 - cloud : cloud);
  }
  return 1;
}

/** Zones that could hold a name: itself and everything above it but the top. */
export function zonesAbove(name: string): string[] {
  const labels = canonicalName(name).replace(/^\*\./, "").split(".").filter(Boolean);
  return labels.slice(0, -1).map((_, i) => labels.slice(i).join("."));
}

/** What a step still lacks: keys of words. What is wrong with what is there, the API says. */
export function lacks(a: Answers, step: number, hosted: boolean): Record<string, string> {
  const out: Record<string, string> = {};
  if (step === 0) {
    if (canonicalName(a.name).split(".").filter(Boolean).length < 2) out.name = "scenario.lack_name";
    if (!hosted && !a.zone) out.zone = "missing.needed";
  }
  if (step === 1) {
    const family = poolTypeOf[a.type];
    for (const s of a.sites) {
      if (!s.name.trim()) out[`site${s.id}.name`] = "missing.needed";
      if (s.addresses.length === 0) out[`site${s.id}.addresses`] = "missing.needed";
      else if (s.addresses.some((x) => familyOf(x) !== family)) out[`site${s.id}.addresses`] = `scenario.lack_${family}`;
      if (byLine(a.scenario) && s.lines.length === 0) out[`site${s.id}.lines`] = "missing.needed";
      if (a.scenario === "weighted" && s.weight === "") out[`site${s.id}.weight`] = "missing.needed";
    }
    if (a.check.how === "existing" && !a.check.template) out.template = "missing.needed";
    if (a.check.how === "tcp" && a.check.port === "") out.port = "missing.needed";
    if (byLine(a.scenario) && !a.sites.some((s) => s.lines.includes("default"))) out.default = "scenario.lack_default";
  }
  return out;
}

/** Networks of known clients, to ask as: the first line of a site that has one. */
const clients: Record<string, string> = {
  telecom: "202.96.128.0/24",
  unicom: "202.106.0.0/24",
  mobile: "221.179.155.0/24",
  cn: "202.96.128.0/24",
  us: "8.8.8.0/24",
  jp: "133.11.0.0/24",
  europe: "193.0.6.0/24",
  "oversea:europe": "193.0.6.0/24",
  oversea: "8.8.8.0/24",
  default: "8.8.8.0/24",
};

/** What to try: a dig line per site that clients can be told apart by. */
export function digs(a: Answers, server: string): { line?: string; command: string }[] {
  const at = /:(\d+)$/.exec(server);
  const host = (at ? server.slice(0, at.index) : server).replace(/^\[|\]$/g, "");
  const base = `dig @${host}${at && at[1] !== "53" ? ` -p ${at[1]}` : ""} +short ${canonicalName(a.name)} ${a.type}`;
  if (!byLine(a.scenario)) return [{ command: base }];
  return a.sites.flatMap((s) => {
    const line = s.lines.find((l) => clients[l]);
    return line ? [{ line, command: `${base} +subnet=${clients[line]}` }] : [];
  });
}
