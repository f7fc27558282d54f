import { expect, test } from "vitest";
import { known } from "./Active";
import { specOf, valuesOf, withEvents } from "./channel";
import { type Channel, shortDuration } from "./words";

const kept: Channel = {
  name: "ops",
  kind: "webhook",
  enabled: true,
  language: "zh",
  min_severity: "error",
  rate_per_minute: 30,
  url: "https://hooks.example.com",
  secret_set: true,
  version: 3,
  waiting: 0,
  events: ["pool_unavailable"],
};

test("a secret that is not touched is not sent, one that is taken away is sent empty", () => {
  const v = valuesOf("webhook", kept);
  expect(specOf(v, kept)).toEqual({
    kind: "webhook",
    enabled: true,
    language: "zh",
    min_severity: "error",
    remark: "",
    events: ["pool_unavailable"],
  });
  expect(specOf({ ...v, secret: { how: "none", text: "", file: "" } })).toMatchObject({ secret: "" });
  expect(specOf({ ...v, secret: { how: "file", text: "", file: " /etc/k " } })).toMatchObject({
    secret: { value_from: { file: "/etc/k" } },
  });
});

test("only what belongs to the kind is sent", () => {
  const v = {
    ...valuesOf("wecom"),
    url: { how: "text" as const, text: "https://x.example/y", file: "" },
    secret: { how: "text" as const, text: "s", file: "" },
    to: ["a@example.com"],
    mention: ["all"],
  };
  expect(specOf(v)).toEqual({
    kind: "wecom",
    enabled: true,
    language: "en",
    min_severity: "warning",
    remark: "",
    url: "https://x.example/y",
    mention: ["all"],
  });
  expect(specOf({ ...valuesOf("alertmanager"), labels: ["team=dns", "x=a=b"] })).toMatchObject({ labels: { team: "dns", x: "a=b" } });
  expect(specOf({ ...valuesOf("email"), port: 465, host: "smtp.example.com" })).toMatchObject({
    port: 465,
    tls: "starttls",
    host: "smtp.example.com",
  });
});

test("events of a channel change alone", () => {
  expect(withEvents(kept, undefined)).not.toHaveProperty("events");
  expect(withEvents(kept, ["node_gone"])).toMatchObject({ events: ["node_gone"], kind: "webhook" });
});

test("durations as people write them", () => {
  expect(["4h0m0s", "1m0s", "1h30m0s", "10s", "0s", "1h0m5s"].map(shortDuration)).toEqual(["4h", "1m", "1h30m", "10s", "0s", "1h0m5s"]);
});

test("what stands beside the text is not said twice", () => {
  const text =
    "Since 2026-01-01 10:00:05 UTC.\nCause: x at 2026-01-01 10:00:05.\nClients of a.example.com/A get now: p [192.0.2.1].\nReaches a.example.com/A.";
  const facts = { instead: [{ domain: "a.example.com/A", line: "default", basis: "policy" as const, values: ["192.0.2.1"] }] };
  expect(known({ text, facts, since: "2026-01-01T10:00:05.123Z" })).toBe("Cause: x at 2026-01-01 10:00:05.\nReaches a.example.com/A.");
  expect(known({ text, facts: {}, since: "2026-02-01T10:00:05Z" })).toBe(text);
});
