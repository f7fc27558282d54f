import { expect, test } from "vitest";
import { csv } from "./csv";

test("what would break a row is quoted, what would be a formula is text", () => {
  expect(
    csv([
      ["name", "queries"],
      ['a,"b"', 3],
      ["=cmd()", undefined],
      ["x\ny", -1],
    ]),
  ).toBe('name,queries\r\n"a,""b""",3\r\n\'=cmd(),\r\n"x\ny",-1\r\n');
});
