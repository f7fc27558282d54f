import { expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { parseSearch } from "./search";
import { Kept, kept } from "./tail";

const record = { name: "a.example.com", rcode: "NOERROR" } as Schemas["LoggedQuery"];

test("only the newest are kept, and all are counted", () => {
  const k = new Kept();
  for (let i = 0; i < 30; i++) k.take(Array(100).fill(record), 50, i * 100);
  expect(k.rows.length).toBe(kept);
  expect(k.rows.at(-1)?.id).toBe(3000);
  expect([k.shown, k.beyond]).toEqual([3000, 1500]);
  expect(k.rate(3000, 0)).toEqual({ shown: 1000, all: 1500 });
  expect(k.rate(20_000, 0)).toEqual({ shown: 0, all: 0 });
});

test("a search keeps what it understands", () => {
  expect(parseSearch({ name: " www ", rate: "500", node: "", other: 1, client: "192.0.2.0/24" })).toEqual({
    name: "www",
    rate: 500,
    client: "192.0.2.0/24",
  });
  expect(parseSearch({ rate: 100 })).toEqual({});
  expect(parseSearch({ rate: 9999 })).toEqual({});
});
