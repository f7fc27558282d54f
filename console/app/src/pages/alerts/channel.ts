// A channel as a form: which fields each kind has, and what is sent of them.
import type { Schemas } from "@/api/client";
import type { Channel } from "./words";

export type Spec = Schemas["AlertChannelInput"];
export type Kind = Spec["kind"];

export const channelKinds: Kind[] = ["email", "webhook", "dingtalk", "feishu", "wecom", "slack", "pagerduty", "alertmanager"];

export type Field = "url" | "secret" | "username" | "host" | "port" | "tls" | "from" | "to" | "mention" | "labels" | "ca_file";

/** As control checks it. */
export const fieldsOf: Record<Kind, Field[]> = {
  email: ["host", "port", "tls", "username", "secret", "from", "to", "ca_file"],
  webhook: ["url", "secret", "ca_file"],
  dingtalk: ["url", "secret", "mention"],
  feishu: ["url", "secret", "mention"],
  wecom: ["url", "mention"],
  slack: ["url", "mention", "ca_file"],
  pagerduty: ["secret", "url", "ca_file"],
  alertmanager: ["url", "username", "secret", "labels", "ca_file"],
};

/** A secret is typed, read from a file on control's machine, left as it is, or taken away. */
export type Hidden = { how: "keep" | "text" | "file" | "none"; text: string; file: string };

export type Values = {
  name: string;
  kind: Kind;
  enabled: boolean;
  language: "en" | "zh";
  min_severity: "warning" | "error" | "critical";
  rate_per_minute: number | "";
  remark: string;
  url: Hidden;
  secret: Hidden;
  username: string;
  host: string;
  port: number | "";
  tls: "starttls" | "tls" | "none";
  from: string;
  to: string[];
  mention: string[];
  labels: string[];
  ca_file: string;
};

export function valuesOf(kind: Kind, c?: Channel, language: "en" | "zh" = "en"): Values {
  const hidden = (file: string | undefined, set: boolean): Hidden =>
    c && set ? { how: "keep", text: "", file: file ?? "" } : { how: "text", text: "", file: "" };
  return {
    name: c?.name ?? "",
    kind,
    enabled: c?.enabled ?? true,
    language: c?.language ?? language,
    min_severity: c?.min_severity ?? "warning",
    rate_per_minute: "",
    remark: c?.remark ?? "",
    url: hidden(c?.url_file, Boolean(c?.url || c?.url_file)),
    secret: hidden(c?.secret_file, c?.secret_set ?? false),
    username: c?.username ?? "",
    host: c?.host ?? "",
    port: c?.port || "",
    tls: (c?.tls as Values["tls"]) || "starttls",
    from: c?.from ?? "",
    to: c?.to ?? [],
    mention: c?.mention ?? [],
    labels: Object.entries(c?.labels ?? {}).map(([k, v]) => `${k}=${v}`),
    ca_file: c?.ca_file ?? "",
  };
}

/** What is sent; what does not belong to the kind is left out, and so is a secret that stays. */
export function specOf(v: Values, old?: Channel): Spec {
  const has = (f: Field) => fieldsOf[v.kind].includes(f);
  const hidden = (h: Hidden) =>
    h.how === "text"
      ? h.text.trim() || undefined
      : h.how === "file"
        ? { value_from: { file: h.file.trim() } }
        : h.how === "none"
          ? ""
          : undefined;
  const out: Record<string, unknown> = {
    kind: v.kind,
    enabled: v.enabled,
    language: v.language,
    min_severity: v.min_severity,
    remark: v.remark.trim(),
    ...(v.rate_per_minute === "" ? {} : { rate_per_minute: v.rate_per_minute }),
    ...(old?.events ? { events: old.events } : {}),
  };
  for (const f of fieldsOf[v.kind]) {
    const x = v[f];
    if (f === "url" || f === "secret") {
      const h = hidden(v[f]);
      if (h !== undefined) out[f] = h;
    } else if (f === "labels") {
      out.labels = Object.fromEntries(v.labels.map((l) => [l.slice(0, l.indexOf("=")).trim(), l.slice(l.indexOf("=") + 1).trim()]));
    } else if (Array.isArray(x) ? x.length > 0 : x !== "") out[f] = typeof x === "string" ? x.trim() : x;
  }
  if (!has("tls")) delete out.tls;
  return out as Spec;
}

/** A channel that is as it was but for the events that it is told. */
export function withEvents(c: Channel, events: string[] | undefined): Spec {
  const { events: _, ...spec } = specOf(valuesOf(c.kind, c), c);
  return events ? { ...spec, events } : spec;
}
