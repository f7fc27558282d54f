import { expect, test } from "vitest";
import { eventReader } from "./sse";

test("events come whole however the text is cut", () => {
  const text = ': still here\n\nevent: query\ndata: {"a":1}\n\nevent: end\ndata: x\ndata: y\n\n';
  for (let size = 1; size < text.length; size++) {
    const read = eventReader();
    const got = [];
    for (let i = 0; i < text.length; i += size) got.push(...read(text.slice(i, i + size)));
    expect(got).toEqual([
      { type: "query", data: '{"a":1}' },
      { type: "end", data: "x\ny" },
    ]);
  }
  expect(eventReader()("data: half")).toEqual([]);
});
