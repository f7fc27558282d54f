import { expect, test } from "vitest";
import { placeOf } from "./ObjectLink";

test.each([
  ["access_domain", "gtm.example.com/A", "/domains/$name/$type", { name: "gtm.example.com", type: "A" }],
  ["domain", "*.example.com/AAAA", "/domains/$name/$type", { name: "*.example.com", type: "AAAA" }],
  ["assertion", "gtm.example.com/A@unicom:cn-bj", "/domains/$name/$type", { name: "gtm.example.com", type: "A" }],
  ["task", "hz-1/web/80", "/addresses/$name", { name: "hz-1" }],
  ["record", "example.com/www/CNAME", "/zones/$name", { name: "example.com" }],
  ["pool", "a/b", "/pools/$name", { name: "a/b" }],
  ["revision", "12", "/revisions/$number", { number: "12" }],
])("%s %s", (kind, name, to, params) => expect(placeOf(kind, name)).toEqual({ to, params }));

test("what has no page has no link", () => {
  expect(placeOf("settings", "")).toEqual({ to: "/settings" });
  expect(placeOf("domain", "other")).toBeUndefined();
  expect(placeOf("weather", "x")).toBeUndefined();
});
