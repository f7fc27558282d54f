import fc from "fast-check";
import { expect, test } from "vitest";
import { absolute, fieldsOf, formatData, parseData, recordKey, relative } from "./rdata";

test.each([
  ["A", "192.0.2.1", { address: "192.0.2.1" }],
  ["MX", "10 mail.example.com.", { preference: "10", exchange: "mail.example.com." }],
  ["SRV", "0 5 5060 sip.example.com.", { priority: "0", weight: "5", port: "5060", target: "sip.example.com." }],
  ["CAA", '0 issue "ca.example.net; policy=ev"', { flags: "0", tag: "issue", value: "ca.example.net; policy=ev" }],
  ["TXT", '"v=spf1 -all"', { text: "v=spf1 -all" }],
  ["TXT", String.raw`"a\"b\\c" "d"`, { text: 'a"b\\cd' }],
  ["TXT", String.raw`"\228\184\173"`, { text: "中" }],
])("%s %s", (type, data, fields) => expect(parseData(type, data)).toEqual(fields));

test.each([
  ["MX", "10"],
  ["A", "\\# 4 c0000201"],
  ["TXT", '"not closed'],
  ["TXT", String.raw`"\255\254"`],
  ["TXT", String.raw`"\000"`],
  ["NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .'],
])("%s %s is shown as it is", (type, data) => expect(parseData(type, data)).toBeUndefined());

test("any text comes back, in strings of at most 255 octets", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 700 }), (s) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as in rdata.ts
      fc.pre(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(s) && !/\p{Cs}/u.test(s));
      const data = formatData("TXT", { text: s });
      expect(parseData("TXT", data)).toEqual({ text: s });
      for (const part of data.matchAll(/"((?:[^"\\]|\\.)*)"/g))
        expect((part[1] ?? "").replace(/\\\d{3}|\\./g, "x").length).toBeLessThanOrEqual(255);
    }),
  );
});

test.each(["A", "MX", "SRV", "CAA"])("%s comes back", (type) => {
  const fields = fieldsOf(type) ?? [];
  const v = Object.fromEntries(fields.map((f) => [f.key, f.kind === "number" ? "7" : "x.example."]));
  expect(parseData(type, formatData(type, v))).toEqual(v);
  expect(formatData(type, {})).toBe("");
});

test("owners are relative to their zone", () => {
  expect(relative("example.com.", "example.com")).toBe("@");
  expect(relative("www.example.com.", "example.com")).toBe("www");
  expect(relative("wwwexample.com.", "example.com")).toBe("wwwexample.com.");
  expect(absolute("@", "example.com")).toBe("example.com");
  expect(absolute("WWW", "example.com")).toBe("www.example.com");
  expect(absolute("www.example.com.", "example.com")).toBe("www.example.com");
  expect(recordKey("example.com", "www", "a")).toBe("example.com/www.example.com/A");
});
