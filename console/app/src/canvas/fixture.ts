// Pictures for tests, in the shape of the API: by default two pools on two lines.
import type { DomainGraph } from "./types";

const state = { code: "x", text: "x" };

export type Shape = {
  policy?: string;
  /** Pools: lines, and addresses with their health. */
  pools?: {
    name: string;
    lines?: string[];
    weight?: number;
    taken?: string[];
    addresses: { name: string; health?: string; taken?: boolean; tasks?: number }[];
    reachable?: boolean;
  }[];
};

export function graphOf(s: Shape = {}): DomainGraph {
  const pools = s.pools ?? [
    {
      name: "east",
      lines: ["telecom"],
      taken: ["telecom"],
      addresses: [
        { name: "e1", taken: true },
        { name: "e2", taken: true },
      ],
    },
    { name: "west", lines: ["default"], taken: ["default"], addresses: [{ name: "w1", taken: true }] },
  ];
  const link = (
    to: string,
    i: number,
    o: { lines?: string[]; weight?: number; taken?: string[]; reachable?: boolean; share?: number },
  ) => ({
    to,
    order: i + 1,
    serial: i + 1,
    weight: o.weight ?? 1,
    lines: o.lines ?? ["default"],
    enabled: true,
    reachable: o.reachable ?? true,
    taken_for: o.taken ?? [],
    last_resort: false,
    ...(o.share !== undefined ? { share: o.share } : {}),
    ...(o.reachable === false ? { unreachable_because: { code: "n", text: "never" } } : {}),
  });
  const member = (ref: string, to: string, i: number, o: { lines?: string[]; weight?: number }) => ({
    [ref]: to,
    serial: i + 1,
    weight: o.weight ?? 1,
    lines: o.lines ?? ["default"],
    enabled: true,
  });
  const lines = [...new Set([...pools.flatMap((p) => p.lines ?? ["default"]), "default"])];
  const addresses = new Map(pools.flatMap((p) => p.addresses.map((a) => [a.name, a])));
  const outcome = (code: string) => ({
    basis: "policy",
    reason: "r",
    reason_said: { code: "r", text: "r" },
    rule: "first",
    pools: pools
      .filter((p) => p.taken?.includes(code))
      .map((p) => ({
        pool: p.name,
        type: "A",
        rule: "rotate",
        answers: 1,
        addresses: p.addresses.filter((a) => a.taken).map((a) => ({ address: a.name, value: a.name })),
      })),
  });
  return {
    revision: 1,
    at: "2026-01-01T00:00:00Z",
    domain: {
      key: "www.example.com/A",
      zone: "example.com",
      answered: true,
      health: "ok",
      available: true,
      state,
      used_by_counts: {},
      link_fields: [],
      links: pools.map((p, i) => link(p.name, i, p)),
      object: {
        name: "www.example.com",
        type: "A",
        ttl: 30,
        policy: s.policy ?? "proximity",
        enabled: true,
        version: 3,
        id: "d",
        revision: 1,
        pools: pools.map((p, i) => member("pool", p.name, i, p)),
      },
    },
    lines: lines.map((l) => ({ line: l, category: "isp", name_en: l, name_zh: l, custom: false, chain: [l], outcome: outcome(l) })),
    pools: pools.map((p) => ({
      name: p.name,
      health: "ok",
      available: true,
      state,
      used_by_counts: { access_domain: 1 },
      link_fields: [],
      ok: p.addresses.length,
      total: p.addresses.length,
      needs: 1,
      withdrawn: false,
      forced: false,
      links: p.addresses.map((a, i) => link(a.name, i, { taken: a.taken ? (p.taken ?? []) : [], share: 1 / p.addresses.length })),
      object: {
        name: p.name,
        type: "IPv4",
        policy: "round_robin",
        enabled: true,
        version: 1,
        id: p.name,
        revision: 1,
        members: p.addresses.map((a, i) => member("address", a.name, i, {})),
      },
    })),
    addresses: [...addresses.values()].map((a) => ({
      name: a.name,
      health: a.health ?? "ok",
      available: a.health !== "exceptional",
      state,
      used_by_counts: { pool: 1 },
      ok: 1,
      total: 1,
      needs: 1,
      withdrawn: false,
      overrides: [],
      tasks: Array.from({ length: a.tasks ?? 1 }, (_, i) => ({ template: "web", port: 80 + i, enabled: true, counts: true })),
      object: {
        name: a.name,
        address: "192.0.2.1",
        enabled: true,
        mode: "auto",
        judgement: "any_ok",
        version: 1,
        id: a.name,
        revision: 1,
        tasks: Array.from({ length: a.tasks ?? 1 }, (_, i) => ({ template: "web", port: 80 + i, enabled: true })),
      },
    })),
    templates: [],
    last_resort: { active: false, possible: true, answers: [{ lines, outcome: outcome("default") }] },
  } as unknown as DomainGraph;
}
