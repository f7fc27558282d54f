import fc from "fast-check";
import { expect, test } from "vitest";
import type { Body } from "./draft";
import { merge3, type Pick } from "./merge";
import { same } from "./model/common";

const key = fc.constantFrom("a", "b", "c", "d");
const small = fc.constantFrom(1, 2, 3);
const lines = fc.uniqueArray(fc.constantFrom("cn", "us", "jp", "default"));
const member = (k: string) => fc.record({ address: fc.constant(k), weight: small, lines, enabled: fc.boolean() });
const members = fc.uniqueArray(key).chain((ks) => fc.tuple(...ks.map(member)));
const body: fc.Arbitrary<Body> = fc.record(
  {
    name: fc.constant("p"),
    ttl: small,
    remark: fc.constantFrom("x", "y"),
    soa: fc.record({ ttl: small, retry: small }, { requiredKeys: [] }),
    members,
  },
  { requiredKeys: ["name", "members"] },
) as fc.Arbitrary<Body>;

/** Sameness when the order of members and lines is left out. */
function sorted(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(sorted).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
  if (typeof v === "object" && v !== null)
    return Object.fromEntries(
      Object.entries(v)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([k, x]) => [k, sorted(x)]),
    );
  return v;
}
const alike = (a: unknown, b: unknown) => expect(sorted(a)).toEqual(sorted(b));
const all = (m: ReturnType<typeof merge3>, pick: Pick) => Object.fromEntries(m.parts.map((p) => [p.id, pick]));

test("who alone changed something gets it, exactly", () => {
  fc.assert(
    fc.property(body, body, (b, x) => {
      expect(same(merge3(b, x, b).resolve(), x) || JSON.stringify(sorted(merge3(b, x, b).resolve())) === JSON.stringify(sorted(x))).toBe(
        true,
      );
      alike(merge3(b, b, x).resolve(), x);
      expect(merge3(b, x, b).conflicts + merge3(b, b, x).conflicts + merge3(b, x, x).conflicts).toBe(0);
      alike(merge3(b, x, x).resolve(), x);
      expect(merge3(b, b, b).parts).toEqual([]);
    }),
  );
});

test("all of theirs is theirs, all of mine is mine", () => {
  fc.assert(
    fc.property(body, body, body, (b, t, m) => {
      const merge = merge3(b, t, m);
      alike(merge.resolve(all(merge, "theirs")), t);
      alike(merge.resolve(all(merge, "mine")), m);
    }),
  );
});

test("what does not collide is the same whoever came first", () => {
  fc.assert(
    fc.property(body, body, body, (b, t, m) => {
      const one = merge3(b, t, m);
      const other = merge3(b, m, t);
      expect(one.conflicts).toBe(other.conflicts);
      fc.pre(one.conflicts === 0);
      alike(one.resolve(), other.resolve());
    }),
  );
});

test("every choice stands in what comes out, and ids are their own", () => {
  fc.assert(
    fc.property(body, body, body, fc.infiniteStream(fc.boolean()), (b, t, m, coin) => {
      const merge = merge3(b, t, m);
      expect(new Set(merge.parts.map((p) => p.id)).size).toBe(merge.parts.length);
      const picks = Object.fromEntries(merge.parts.map((p) => [p.id, (coin.next().value ? "theirs" : "mine") as Pick]));
      const out = merge.resolve(picks);
      for (const p of merge.parts) {
        const want = picks[p.id] === "theirs" ? p.theirs : p.mine;
        const entry = p.of === undefined ? out : ((out.members as Body[]).find((x) => x.address === p.of) as unknown);
        const path = p.of === undefined ? p.path : p.path.slice(1);
        const got = path.reduce<unknown>((v, k) => (v as Body | undefined)?.[k], entry);
        expect(same(got, want), p.id).toBe(true);
      }
    }),
  );
});

test("changes of both to different members, fields and lines go together", () => {
  const base = {
    name: "p",
    ttl: 30,
    members: [
      { address: "a", weight: 1, lines: ["cn"] },
      { address: "b", weight: 1, lines: ["us"] },
    ],
  };
  const theirs = {
    ...base,
    ttl: 60,
    members: [
      { address: "a", weight: 5, lines: ["cn", "jp"] },
      { address: "b", weight: 1, lines: ["us"] },
    ],
  };
  const mine = {
    ...base,
    members: [
      { address: "a", weight: 1, lines: ["cn", "default"] },
      { address: "c", weight: 2, lines: ["us"] },
    ],
  };
  const m = merge3(base, theirs, mine);
  expect(m.conflicts).toBe(0);
  alike(m.resolve(), {
    name: "p",
    ttl: 60,
    members: [
      { address: "a", weight: 5, lines: ["cn", "jp", "default"] },
      { address: "c", weight: 2, lines: ["us"] },
    ],
  });
});

test("a member that one took out and the other changed is a question", () => {
  const base = { members: [{ address: "a", weight: 1 }] };
  const m = merge3(base, { members: [] }, { members: [{ address: "a", weight: 7 }] });
  expect(m.parts).toEqual([
    {
      id: "members{a}",
      path: ["members"],
      of: "a",
      base: { address: "a", weight: 1 },
      theirs: undefined,
      mine: { address: "a", weight: 7 },
      by: "conflict",
    },
  ]);
  expect(m.resolve()).toEqual({ members: [{ address: "a", weight: 7 }] });
  expect(m.resolve({ "members{a}": "theirs" })).toEqual({ members: [] });
});

test("the order of who moved stays", () => {
  const e = (...k: string[]) => ({ members: k.map((address) => ({ address })) });
  expect(merge3(e("a", "b", "c"), e("a", "b", "c", "d"), e("c", "a", "b")).resolve()).toEqual(e("c", "a", "b", "d"));
  expect(merge3(e("a", "b", "c"), e("c", "b", "a"), e("a", "b", "c", "d")).resolve()).toEqual(e("c", "b", "a", "d"));
});
