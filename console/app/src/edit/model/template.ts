import { seconds } from "@/lib/format";
import type { Body } from "../draft";
import {
  given,
  list,
  type MetaForm,
  type Missing,
  type Model,
  metaFields,
  metaFrom,
  metaTo,
  missingMeta,
  type Num,
  num,
  record,
  restOf,
  text,
} from "./common";

export type Protocol = "ping" | "tcp" | "http" | "https";
export const protocols: Protocol[] = ["ping", "tcp", "http", "https"];

/** A header's value is text, or a file on the prober's machine. */
export type HeaderForm = { name: string; from: "text" | "file"; value: string; rest: Body };

export type WebForm = {
  host: string;
  path: string;
  method: string;
  expect_status: string[];
  expect_body: string;
  follow_redirects: boolean;
  headers: HeaderForm[];
  sni: string;
  verify: boolean;
  min_days_left: Num;
  rest: Body;
};

export type TemplateForm = MetaForm & {
  name: string;
  protocol: Protocol;
  ip_version: "IPv4" | "IPv6";
  interval: string;
  timeout: string;
  evaluation_count: Num;
  recovery_count: Num;
  failure_rate: Num;
  vantages: string[];
  ping: { packets: Num; loss_rate: Num; rest: Body };
  tcp: { send: string; expect: string; rest: Body };
  /** http and https: one of them is chosen. */
  web: WebForm;
  rest: Body;
};

const known = [
  "name",
  "protocol",
  "ip_version",
  "interval",
  "timeout",
  "evaluation_count",
  "recovery_count",
  "failure_rate",
  "vantages",
  "ping",
  "tcp",
  "http",
  "https",
  ...metaFields,
];
const webKnown = [
  "host",
  "path",
  "method",
  "expect_status",
  "expect_body",
  "follow_redirects",
  "headers",
  "sni",
  "verify",
  "min_days_left",
];

function webFrom(v: unknown): WebForm {
  const b = record(v);
  return {
    host: text(b.host),
    path: text(b.path) || "/",
    method: text(b.method) || "GET",
    expect_status: list(b.expect_status),
    expect_body: text(b.expect_body),
    follow_redirects: b.follow_redirects === true,
    headers: Object.entries(record(b.headers)).map(([name, value]) => {
      if (typeof value === "string") return { name, from: "text", value, rest: {} };
      const from = record(record(value).value_from);
      return { name, from: "file", value: text(from.file), rest: restOf(from, ["file"]) };
    }),
    sni: text(b.sni),
    verify: b.verify !== false,
    min_days_left: num(b.min_days_left),
    rest: restOf(b, webKnown),
  };
}

function webTo(f: WebForm, https: boolean): Body {
  return {
    ...f.rest,
    ...given({ host: f.host, path: f.path, method: f.method, expect_body: f.expect_body }),
    ...(f.expect_status.length > 0 ? { expect_status: f.expect_status } : {}),
    ...(f.follow_redirects ? { follow_redirects: true } : {}),
    ...(f.headers.length > 0
      ? {
          headers: Object.fromEntries(
            f.headers.map((h) => [h.name, h.from === "text" ? h.value : { value_from: { ...h.rest, file: h.value } }]),
          ),
        }
      : {}),
    ...(https ? { ...given({ sni: f.sni, min_days_left: f.min_days_left }), verify: f.verify } : {}),
  };
}

export const templateModel: Model<TemplateForm> = {
  kind: "template",
  blank: () => templateModel.fromBody({ protocol: "http", interval: "10s" }),
  fromBody: (b) => {
    const [ping, tcp] = [record(b.ping), record(b.tcp)];
    return {
      name: text(b.name),
      protocol: (text(b.protocol) || "http") as Protocol,
      ip_version: (text(b.ip_version) || "IPv4") as TemplateForm["ip_version"],
      interval: text(b.interval) || "60s",
      timeout: text(b.timeout) || "2s",
      evaluation_count: b.evaluation_count === undefined ? 2 : num(b.evaluation_count),
      recovery_count: b.recovery_count === 0 ? "" : num(b.recovery_count),
      failure_rate: b.failure_rate === undefined ? 50 : num(b.failure_rate),
      vantages: list(b.vantages),
      ping: {
        packets: ping.packets === undefined ? 5 : num(ping.packets),
        loss_rate: ping.loss_rate === undefined ? 80 : num(ping.loss_rate),
        rest: restOf(ping, ["packets", "loss_rate"]),
      },
      tcp: { send: text(tcp.send), expect: text(tcp.expect), rest: restOf(tcp, ["send", "expect"]) },
      web: webFrom(b.protocol === "https" ? b.https : b.http),
      ...metaFrom(b),
      rest: restOf(b, known),
    };
  },
  toBody: (f) => ({
    ...f.rest,
    name: f.name,
    protocol: f.protocol,
    ip_version: f.ip_version,
    ...given({
      interval: f.interval,
      timeout: f.timeout,
      evaluation_count: f.evaluation_count,
      failure_rate: f.failure_rate,
    }),
    recovery_count: f.recovery_count === "" ? 0 : f.recovery_count,
    vantages: f.vantages,
    ...(f.protocol === "ping" ? { ping: { ...f.ping.rest, ...given({ packets: f.ping.packets, loss_rate: f.ping.loss_rate }) } } : {}),
    ...(f.protocol === "tcp" && (f.tcp.send || f.tcp.expect || Object.keys(f.tcp.rest).length > 0)
      ? { tcp: { ...f.tcp.rest, ...given({ send: f.tcp.send, expect: f.tcp.expect }) } }
      : {}),
    ...(f.protocol === "http" ? { http: webTo(f.web, false) } : {}),
    ...(f.protocol === "https" ? { https: webTo(f.web, true) } : {}),
    ...metaTo(f),
  }),
  keyOf: (f) => f.name,
  missing: (f) => {
    const out: Record<string, Missing> = missingMeta(f);
    if (!f.name) out.name = "needed";
    for (const k of ["interval", "timeout"] as const) if (seconds(f[k]) === undefined) out[k] = f[k] ? "duration" : "needed";
    for (const k of ["evaluation_count", "failure_rate"] as const) if (f[k] === "") out[k] = "needed";
    if (f.protocol === "ping") for (const k of ["packets", "loss_rate"] as const) if (f.ping[k] === "") out[`ping.${k}`] = "needed";
    if (f.protocol === "http" || f.protocol === "https")
      f.web.headers.forEach((h, i) => {
        if (!h.name) out[`${f.protocol}.headers[${i}]`] = "needed";
      });
    return out;
  },
};
