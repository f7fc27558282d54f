// Reads a stream of server-sent events by fetch: unlike EventSource it tells why a stream is
// refused, and it does not come back by itself.
import { ApiError, type Problem } from "./client";

export type ServerEvent = { type: string; data: string };

/** Takes text as it comes and returns the events that are whole. */
export function eventReader(): (chunk: string) => ServerEvent[] {
  let rest = "";
  return (chunk) => {
    rest += chunk;
    const out: ServerEvent[] = [];
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      let type = "message";
      const data: string[] = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) type = line.slice(6).trim();
        if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      }
      if (data.length > 0) out.push({ type, data: data.join("\n") });
    }
    return out;
  };
}

/** Reads until the stream ends or signal says so; throws ApiError when it is refused or breaks. */
export async function readEvents(path: string, signal: AbortSignal, on: (events: ServerEvent[]) => void): Promise<void> {
  const broken = () =>
    new ApiError({ type: "about:blank", title: "", status: 0, code: "unreachable", detail: "The server does not answer." });
  let response: Response;
  try {
    response = await fetch(path, {
      signal,
      credentials: "same-origin",
      headers: { Accept: "text/event-stream, application/problem+json" },
    });
  } catch (err) {
    throw signal.aborted ? err : broken();
  }
  if (!response.ok || !response.body) {
    if (response.headers.get("content-type")?.includes("problem+json")) throw new ApiError((await response.json()) as Problem);
    throw new ApiError({
      type: "about:blank",
      title: "",
      status: response.status,
      code: "no_answer",
      detail: "The server did not say why.",
    });
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const take = eventReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = take(value);
      if (events.length > 0) on(events);
    }
  } catch (err) {
    throw signal.aborted ? err : broken();
  }
}
