// One stream of server-sent events for all tabs of this browser: the tab that holds the
// lock listens and passes events on, since HTTP/1.1 gives a browser six connections to
// a host and a stream keeps one for good.
import { useSyncExternalStore } from "react";
import { queryClient, refresh } from "./client";

export type StreamEvent = { type: string; data: unknown };
export type Live = { state: "connecting" | "live" | "stale"; since: number };

// The server sends a comment each 15 s, which EventSource does not show; what tells of a
// broken line is its error event. While stale, pages are asked again at this pace.
const pollEvery = 10_000;

let live: Live = { state: "connecting", since: Date.now() };
const watchers = new Set<() => void>();
const listeners = new Set<(e: StreamEvent) => void>();
let stop: (() => void) | undefined;

function set(state: Live["state"]): void {
  if (live.state === state) return;
  live = { state, since: Date.now() };
  for (const w of watchers) w();
}

export function useLive(): Live {
  return useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => live,
  );
}

/** Calls f for every event until the returned function is called. */
export function onEvent(f: (e: StreamEvent) => void): () => void {
  listeners.add(f);
  return () => listeners.delete(f);
}

// What each kind of event makes old. Many events in a burst ask once.
const touches: Record<string, string[]> = {
  health: [
    "/health",
    "/overview",
    "/status",
    "/access-domains",
    "/pools",
    "/addresses",
    "/templates",
    "/history",
    "/map",
    "/vantages",
    "/explain",
    "/stats/shares",
  ],
  revision: [""],
  node: ["/nodes", "/vantages", "/status", "/overview", "/map", "/revisions"],
  event: ["/events", "/status", "/overview", "/overrides", "/history"],
  alert: ["/alerts", "/overview"],
};
const due = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;

function old(paths: string[]): void {
  for (const p of paths) due.add(p);
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    const all = [...due];
    due.clear();
    refresh(...all);
  }, 150);
}

function take(e: StreamEvent): void {
  if (e.type === "hello") {
    set("live");
    if (!(e.data as { resumed?: boolean }).resumed) old([""]);
    return;
  }
  if (e.type === "state") {
    set((e.data as Live).state);
    return;
  }
  old(touches[e.type] ?? []);
  for (const f of listeners) f(e);
}

/** Starts listening; the returned function ends it. */
export function startStream(): () => void {
  stop?.();
  const channel = new BroadcastChannel("meridian-stream");
  const abort = new AbortController();
  let source: EventSource | undefined;
  let poll: ReturnType<typeof setInterval> | undefined;
  const tell = (e: StreamEvent) => {
    take(e);
    channel.postMessage(e);
  };
  channel.onmessage = (m: MessageEvent<StreamEvent | { type: "who" }>) => {
    if (m.data.type === "who") {
      if (source) channel.postMessage({ type: "state", data: live });
      return;
    }
    take(m.data as StreamEvent);
  };
  const listen = () =>
    new Promise<void>((done) => {
      const open = () => {
        source = new EventSource("/api/v1/stream");
        for (const type of ["hello", ...Object.keys(touches)]) {
          source.addEventListener(type, (m) => tell({ type, data: JSON.parse((m as MessageEvent<string>).data) }));
        }
        source.onerror = () => {
          tell({ type: "state", data: { state: "stale", since: Date.now() } });
          // A refused stream (401, 429, 5xx) is closed for good by the browser.
          if (source?.readyState === EventSource.CLOSED && !abort.signal.aborted) setTimeout(() => !abort.signal.aborted && open(), 3_000);
        };
      };
      open();
      abort.signal.addEventListener("abort", () => {
        source?.close();
        source = undefined;
        done();
      });
    });
  if (navigator.locks) {
    navigator.locks.request("meridian-stream", { signal: abort.signal }, listen).catch(() => {});
    channel.postMessage({ type: "who" });
  } else {
    void listen(); // plain HTTP off loopback has no locks: each tab listens for itself
  }
  poll = setInterval(() => {
    if (live.state !== "live") void queryClient.invalidateQueries();
  }, pollEvery);
  stop = () => {
    abort.abort();
    channel.close();
    clearInterval(poll);
    set("connecting");
    stop = undefined;
  };
  return stop;
}
