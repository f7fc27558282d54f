import { expect, test } from "vitest";
import { digAt } from "./Zone";

test.each([
  ["127.0.0.1:5300", "@127.0.0.1 -p 5300"],
  ["192.0.2.53:53", "@192.0.2.53"],
  ["[2001:db8::53]:53", "@2001:db8::53"],
  ["0.0.0.0:53", "@gtm.example.com"],
  ["[::]:5353", "@gtm.example.com -p 5353"],
  [":53", "@gtm.example.com"],
])("%s", (listen, want) => expect(digAt(listen, "gtm.example.com")).toBe(want));
