import { expect, test } from "vitest";
import { clientIn, fits } from "./Palette";

test.each([
  ["203.0.113.9", "203.0.113.9"],
  ["explain 203.0.113.0/24", "203.0.113.0/24"],
  ["2001:db8::1", "2001:db8::1"],
  ["说明 2001:db8:5::/48", "2001:db8:5::/48"],
])("%s is a client", (text, client) => expect(clientIn(text)).toBe(client));

test.each(["203.0.113", "203.0.113.999", "www.example.com", "site:hz", ""])("%s is none", (text) => expect(clientIn(text)).toBeUndefined());

test("all words, in any order and case", () => {
  expect(fits("site drain", "Drain a site")).toBe(true);
  expect(fits("drain pool", "Drain a site")).toBe(false);
});
