import { expect, test } from "vitest";
import { conflictsOf, moved, onlyVersion } from "./conflicts";
import type { DraftItem } from "./draft";
import type { Known } from "./objects";

const known = (version: number, more: object = {}): Known => ({ name: "z", version, revision: version, id: "zone-x", ...more }) as Known;
const put: DraftItem = {
  kind: "zone",
  key: "z",
  op: "put",
  body: { name: "z", remark: "mine" },
  base: { version: 3, body: { name: "z" } },
};

test("what nobody touched is no conflict, nor what is not read yet", () => {
  expect(moved(put, known(3))).toBe(false);
  expect(conflictsOf({ items: [put] }, [undefined])).toEqual([]);
});

test("a new version of the same content is no conflict", () => {
  expect(onlyVersion(put, known(4, { serial: 77 }))).toBe(true);
  expect(conflictsOf({ items: [put] }, [known(4, { serial: 77 })])).toEqual([]);
  expect(conflictsOf({ items: [put] }, [known(4, { remark: "theirs" })])).toHaveLength(1);
});

test("gone, and made meanwhile", () => {
  expect(conflictsOf({ items: [put] }, [null])).toMatchObject([{ key: "z", theirs: null }]);
  const { base: _, ...fresh } = put;
  expect(conflictsOf({ items: [fresh] }, [null])).toEqual([]);
  expect(conflictsOf({ items: [fresh] }, [known(1)])).toHaveLength(1);
});
