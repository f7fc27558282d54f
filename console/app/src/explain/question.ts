// A question to explain: who asks for what, and what is pretended. It lives in the address of the page, so
// that a link shows somebody else the same.
import type { Schemas } from "@/api/client";
import type { Said } from "@/canvas/types";
import { changeRequest, type Draft } from "@/edit/draft";

export type Client = { by: "any" } | { by: "ip"; ip: string } | { by: "line"; line: string };

export type Question = {
  name: string;
  type: string;
  client: Client;
  /** Addresses, by name, to take as failed. */
  down: string[];
  /** With the draft applied. */
  draft: boolean;
};

/** Types that people ask for; any other can be typed in the address. */
export const askedTypes = ["A", "AAAA", "CNAME", "TXT", "MX", "NS", "SRV", "CAA", "HTTPS", "SVCB", "PTR", "SOA", "ANY"] as const;

/** In an address: an IP, a network, line:CODE, or any. */
export function clientOf(text: string | undefined): Client {
  if (!text || text === "any") return { by: "any" };
  return text.startsWith("line:") ? { by: "line", line: text.slice(5) } : { by: "ip", ip: text };
}

export function clientText(c: Client): string {
  return c.by === "any" ? "any" : c.by === "line" ? `line:${c.line}` : c.ip;
}

// A first look, so that half an address is not sent while it is typed. The API has the last word.
const v4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}(\/([0-9]|[12]\d|3[0-2]))?$/;
const v6 = /^[0-9a-f:]*:[0-9a-f:]*(\.\d+){0,3}(\/(\d{1,2}|1[01]\d|12[0-8]))?$/i;

export function looksLikeClient(text: string): boolean {
  return v4.test(text) || (v6.test(text) && (text.match(/::/g)?.length ?? 0) < 2);
}

/** What is sent; undefined while the question is not complete. */
export function requestOf(q: Question, draft: Draft): (Schemas["ExplainRequest"] & { draft?: unknown }) | undefined {
  if (!q.name) return undefined;
  if (q.client.by === "ip" && !looksLikeClient(q.client.ip)) return undefined;
  if (q.client.by === "line" && !q.client.line) return undefined;
  const change = q.draft && draft.items.length > 0 ? changeRequest(draft) : undefined;
  return {
    name: q.name,
    type: q.type || "A",
    ...(q.client.by === "ip" ? { client: q.client.ip } : {}),
    ...(q.client.by === "line" ? { line: q.client.line } : {}),
    ...(q.down.length > 0 ? { down: q.down } : {}),
    ...(change ? { draft: { put: change.put ?? [], delete: change.delete ?? [] } } : {}),
  };
}

/** dig +subnet for this client: a host becomes a network as resolvers send it (RFC 7871, 11.1). */
export function subnetOf(c: Client): string | undefined {
  if (c.by !== "ip") return undefined;
  return c.ip.includes("/") ? c.ip : c.ip.includes(":") ? `${c.ip}/128` : `${c.ip}/32`;
}

export function digCommand(q: Question, server: string): string {
  const subnet = subnetOf(q.client);
  return [
    "dig",
    ...(server ? [server.startsWith("@") ? server : `@${server}`] : []),
    q.name,
    q.type || "A",
    ...(subnet ? [`+subnet=${subnet}`] : []),
  ].join(" ");
}

// The shape of an explanation, as the API gives it.
export type Considered = {
  name: string;
  value?: string;
  serial: number;
  weight: number;
  lines: string[] | null;
  policy?: string;
  available: boolean;
  state: string;
  state_said?: Said;
  taken: boolean;
  why: string;
  why_said?: Said;
  override?: Schemas["Ordered"];
  addresses?: Considered[];
};
export type Candidates = {
  pool: string;
  weight?: number;
  type: string;
  rule: string;
  answers: number;
  data: string[] | null;
  weights?: number[];
};
export type Step = {
  name: string;
  kind: string;
  access_domain?: string;
  policy?: string;
  basis?: string;
  reason: string;
  reason_said?: Said;
  line?: string;
  used_lines?: string[];
  choice?: string;
  choice_said?: Said;
  candidates?: Candidates[];
  pools?: Considered[];
  override?: Schemas["Ordered"];
  ttl?: number;
  scope: number;
};
export type Explanation = {
  name: string;
  type: string;
  node?: string;
  position: { revision: number };
  client: {
    address?: string;
    basis: string;
    lines: { code: string; why: string; why_said?: Said }[] | null;
    country?: string;
    confidence?: string;
  };
  steps: Step[] | null;
  rcode: string;
  outcome: string;
  answer: { name: string; type: string; ttl: number; data: string }[] | null;
  scope: number;
};
