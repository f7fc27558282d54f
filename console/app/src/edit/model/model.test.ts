// From a body to a form and back nothing is lost: neither what the form edits nor what it has never heard of.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Body } from "../draft";
import { addressModel } from "./address";
import { assertionModel } from "./assertion";
import { bare, type Model, same } from "./common";
import { canonicalName, domainModel } from "./domain";
import { lineModel, splitCidrs } from "./line";
import { poolModel } from "./pool";
import { settingsModel, zoneModel } from "./settings";
import { bySerial, type MemberForm, moveMember, shares } from "./steering";
import { templateModel } from "./template";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const name = fc.stringMatching(/^[a-z]{1,6}\.[a-z]{1,6}\.(com|net)$/);
const value = fc.string({ maxLength: 12 });
const filled = value.filter((s) => s !== "");
const bool = fc.boolean();
const of = <T>(...v: T[]) => fc.constantFrom(...v);
/** Fields of a later release. */
const unknown = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,5}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 });
const labels = fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value, { minKeys: 1, maxKeys: 3 });
const meta = { enabled: bool, labels, remark: filled };
const optional = (m: Record<string, fc.Arbitrary<unknown>>, required: string[] = []) =>
  fc.tuple(fc.record(m, { requiredKeys: required }), unknown).map(([a, b]) => ({ ...b, ...a }) as Body);

const steering = fc
  .record({
    policy: of("proximity", "sequential", "round_robin", "weighted"),
    mode: of("preemptive", "non_preemptive"),
    order: of("serial", "distance"),
  })
  .map(({ policy, mode, order }) => ({
    policy,
    ...(policy === "sequential" ? { mode } : {}),
    ...(policy === "proximity" ? { order } : {}),
  }));
const members = (field: string) =>
  fc
    .uniqueArray(
      optional(
        {
          [field]: word,
          serial: fc.integer({ min: 1, max: 20 }),
          weight: fc.integer({ min: 1, max: 100 }),
          lines: fc.uniqueArray(word),
          enabled: bool,
        },
        [field, "serial", "weight", "lines", "enabled"],
      ),
      { selector: (m) => m[field], maxLength: 5 },
    )
    .map((l) => [...l].sort((a, b) => Number(a.serial) - Number(b.serial)));

const domain = fc
  .tuple(
    optional(
      {
        name,
        type: of("A", "AAAA", "CNAME"),
        ttl: fc.nat(),
        unmatched: of("fallback", "nodata"),
        all_down: of("serve_all", "nodata"),
        pools: members("pool"),
        ...meta,
      },
      ["name", "type", "ttl", "unmatched", "all_down", "pools", "enabled"],
    ),
    steering,
  )
  .map(([a, b]) => ({ ...a, ...b }));
const pool = fc
  .tuple(
    optional({ name: word, type: of("IPv4", "IPv6", "domain"), judgement: of("any_ok", "all_ok"), members: members("address"), ...meta }, [
      "name",
      "type",
      "judgement",
      "members",
      "enabled",
    ]),
    steering,
    fc.option(fc.integer({ min: 1, max: 16 }), { nil: undefined }),
  )
  .map(([a, b, answers]) => ({ ...a, ...b, ...(answers && (b.policy === "weighted" || b.policy === "round_robin") ? { answers } : {}) }));
const address = optional(
  {
    name: word,
    address: filled,
    mode: of("auto", "manual_available", "manual_unavailable"),
    judgement: of("any_ok", "p30_ok"),
    tasks: fc.array(optional({ template: word, port: fc.integer({ min: 1, max: 65535 }), enabled: bool }, ["template", "enabled"]), {
      maxLength: 3,
    }),
    location: optional({ latitude: fc.integer({ min: -90, max: 90 }), longitude: fc.integer({ min: -180, max: 180 }) }, [
      "latitude",
      "longitude",
    ]),
    ...meta,
  },
  ["name", "address", "mode", "judgement", "tasks", "enabled"],
);
const headers = fc.dictionary(fc.stringMatching(/^X-[A-Z]{1,4}$/), fc.oneof(value, fc.record({ value_from: fc.record({ file: value }) })), {
  minKeys: 1,
  maxKeys: 3,
});
const web = (https: boolean) =>
  optional(
    {
      host: filled,
      path: filled,
      method: of("GET", "HEAD", "POST"),
      expect_status: fc.uniqueArray(filled, { minLength: 1, maxLength: 3 }),
      expect_body: filled,
      follow_redirects: of(true),
      headers,
      ...(https ? { sni: filled, verify: bool, min_days_left: fc.nat() } : {}),
    },
    ["path", "method", ...(https ? ["verify"] : [])],
  );
const template = fc
  .tuple(
    optional(
      {
        name: word,
        ip_version: of("IPv4", "IPv6"),
        interval: of("5s", "1m30s"),
        timeout: of("500ms", "2s"),
        evaluation_count: fc.integer({ min: 1, max: 9 }),
        recovery_count: fc.nat(9),
        failure_rate: fc.nat(100),
        vantages: fc.array(filled, { maxLength: 3 }),
        ...meta,
      },
      ["name", "ip_version", "interval", "timeout", "evaluation_count", "recovery_count", "failure_rate", "vantages", "enabled"],
    ),
    fc.oneof(
      fc.record({ protocol: of("ping"), ping: optional({ packets: fc.nat(), loss_rate: fc.nat() }, ["packets", "loss_rate"]) }),
      fc.record({ protocol: of("tcp"), tcp: optional({ send: filled, expect: filled }, ["expect"]) }),
      fc.record({ protocol: of("tcp") }),
      fc.record({ protocol: of("http"), http: web(false) }),
      fc.record({ protocol: of("https"), https: web(true) }),
    ),
  )
  .map(([a, b]) => ({ ...a, ...b }) as Body);
const line = optional({ name: word, cidrs: fc.array(filled, { minLength: 1 }), ...meta }, ["name", "cidrs", "enabled"]);
const assertion = optional(
  {
    name,
    type: of("A", "CNAME"),
    line: word,
    expect: fc.oneof(optional({ pool: word }, ["pool"]), optional({ address: word }, ["address"])),
    ...meta,
  },
  ["name", "type", "line", "expect", "enabled"],
);
const soa = optional(
  { contact: filled, mname: filled, ttl: fc.nat(), refresh: fc.nat(), retry: fc.nat(), expire: fc.nat(), negative_ttl: fc.nat() },
  ["contact"],
);
const settings = optional({ nameservers: fc.array(filled, { minLength: 1, maxLength: 3 }), soa, ...meta }, ["enabled"]);
const zone = fc.tuple(settings, name).map(([s, n]) => ({ ...s, name: n }));

const kinds: [string, Model<object>, fc.Arbitrary<Body>][] = [
  ["access domain", domainModel as Model<object>, domain],
  ["pool", poolModel as Model<object>, pool],
  ["address", addressModel as Model<object>, address],
  ["template", templateModel as Model<object>, template],
  ["line", lineModel as Model<object>, line],
  ["assertion", assertionModel as Model<object>, assertion],
  ["settings", settingsModel as Model<object>, settings],
  ["zone", zoneModel as Model<object>, zone],
];

test.each(kinds)("%s: a body goes through its form unharmed", (_, model, bodies) => {
  fc.assert(
    fc.property(bodies, (b) => {
      expect(model.toBody(model.fromBody(b))).toEqual(b);
    }),
    { numRuns: 300 },
  );
});

test.each(kinds)("%s: a form goes through its body unharmed", (_, model, bodies) => {
  fc.assert(
    fc.property(bodies, (b) => {
      const form = model.fromBody(b);
      expect(model.fromBody(model.toBody(form))).toEqual(form);
      expect(model.missing(form)).toEqual({});
    }),
    { numRuns: 100 },
  );
});

test("what only the server says is not written", () => {
  const read = { name: "a", id: "address-x", version: 3, revision: 2, used_by: [], updated_at: "", mode: "auto" };
  expect(bare(read)).toEqual({ name: "a", mode: "auto" });
});

test("fields of another policy are remembered by the form and not sent", () => {
  const f = poolModel.fromBody({ name: "p", policy: "sequential", mode: "non_preemptive" });
  const weighted = { ...f, policy: "weighted" as const };
  expect(poolModel.toBody(weighted)).not.toHaveProperty("mode");
  expect(poolModel.toBody({ ...weighted, policy: "sequential" as const })).toMatchObject({ mode: "non_preemptive" });
});

const form = fc
  .uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100 }), bool), {
    selector: (x) => x[0],
    minLength: 1,
    maxLength: 6,
  })
  .map((l) => bySerial(l.map(([ref, serial, weight, enabled]): MemberForm => ({ ref, serial, weight, enabled, lines: [], rest: {} }))));

test("moving a member keeps all of them and numbers them by place", () => {
  fc.assert(
    fc.property(form, fc.nat(5), fc.nat(5), (m, from, to) => {
      fc.pre(from < m.length && to < m.length);
      const out = moveMember(m, from, to);
      expect(out[to]?.ref).toBe(m[from]?.ref);
      expect(out.map((x) => x.ref).sort()).toEqual(m.map((x) => x.ref).sort());
      expect(out.map((x) => x.serial)).toEqual(out.map((_, i) => i + 1));
      expect(moveMember(out, to, from).map((x) => x.ref)).toEqual(m.map((x) => x.ref));
    }),
  );
});

test("shares are of one, disabled members have none", () => {
  fc.assert(
    fc.property(form, (m) => {
      const s = shares(m);
      const sum = s.reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(m.some((x) => x.enabled) ? 1 : 0);
      m.forEach((x, i) => {
        if (!x.enabled) expect(s[i]).toBe(0);
      });
    }),
  );
});

test("names, networks, sameness", () => {
  expect(canonicalName(" GTM.Example.com. ")).toBe("gtm.example.com");
  expect(splitCidrs("198.51.100.0/24, 203.0.113.0/24 # office\n\n2001:db8::/32\n198.51.100.0/24")).toEqual([
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001:db8::/32",
  ]);
  expect(same({ a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 })).toBe(true);
  expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(true);
  expect(same({ a: [] }, { a: {} })).toBe(false);
});
