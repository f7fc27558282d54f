// The live tail: queries as resolvers answer them, kept to the newest. What comes is gathered and
// shown a few times a second, however fast it is.
import { useCallback, useEffect, useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import { readEvents } from "@/api/sse";
import { filters, type QueriesSearch } from "./search";

export type Query = Schemas["LoggedQuery"] & { id: number };
type News = Schemas["TailNews"];
type Hello = Schemas["TailHello"];
export type State = "connecting" | "listening" | "paused" | "ended" | "failed";

/** Rows kept: some minutes of a quiet name, some seconds of a storm, and no burden to a browser. */
export const kept = 1_000;
const paint = 250;
const rateOver = 5_000;

/** Keeps the newest and counts how many come a second. */
export class Kept {
  rows: Query[] = [];
  shown = 0;
  beyond = 0;
  private id = 0;
  private times: { at: number; n: number; beyond: number }[] = [];

  take(records: Schemas["LoggedQuery"][], beyond: number, now: number): void {
    this.shown += records.length;
    this.beyond += beyond;
    for (const r of records) this.rows.push({ ...r, id: ++this.id });
    if (this.rows.length > kept) this.rows = this.rows.slice(-kept);
    this.times.push({ at: now, n: records.length, beyond });
  }

  /** Queries a second of the last seconds: shown, and with those beyond the limit. */
  rate(now: number, since: number): { shown: number; all: number } {
    this.times = this.times.filter((t) => now - t.at < rateOver);
    const seconds = Math.max(1, Math.min(rateOver, now - since) / 1000);
    const shown = this.times.reduce((n, t) => n + t.n, 0);
    return { shown: shown / seconds, all: (shown + this.times.reduce((n, t) => n + t.beyond, 0)) / seconds };
  }
}

export type Tail = {
  state: State;
  error: unknown;
  /** The newest last. */
  rows: Query[];
  /** How many came since one stopped looking. */
  fresh: number;
  rate: { shown: number; all: number };
  beyond: number;
  hello: Hello | undefined;
  /** Why resolvers show nothing, by node. */
  troubles: [string, string][];
  endedBy: string | undefined;
  pause: () => void;
  resume: () => void;
  restart: () => void;
  clear: () => void;
};

export function useTail(search: QueriesSearch, whole: boolean, enabled: boolean): Tail {
  const [state, setState] = useState<State>("connecting");
  const [error, setError] = useState<unknown>();
  const [hello, setHello] = useState<Hello>();
  const [troubles, setTroubles] = useState<[string, string][]>([]);
  const [endedBy, setEndedBy] = useState<string>();
  const [rows, setRows] = useState<Query[]>([]);
  const [meter, setMeter] = useState({ rate: { shown: 0, all: 0 }, beyond: 0, count: 0 });
  const [turn, setTurn] = useState(0);
  const [seen, setSeen] = useState(0);
  const held = useRef(new Kept());
  const paused = useRef(false);

  const params = new URLSearchParams();
  for (const f of filters) if (search[f]) params.set(f, search[f]);
  if (search.rate) params.set("rate", String(search.rate));
  if (whole) params.set("whole", "true");
  const query = params.toString();

  // biome-ignore lint/correctness/useExhaustiveDependencies: turn begins anew
  useEffect(() => {
    if (!enabled) return;
    const abort = new AbortController();
    const mine = new Kept();
    held.current = mine;
    const since = performance.now();
    const trouble = new Map<string, string>();
    let ended = false;
    paused.current = false;
    setRows([]);
    setMeter({ rate: { shown: 0, all: 0 }, beyond: 0, count: 0 });
    setSeen(0);
    setError(undefined);
    setHello(undefined);
    setTroubles([]);
    setEndedBy(undefined);
    setState("connecting");
    const show = () => {
      setMeter({ rate: mine.rate(performance.now(), since), beyond: mine.beyond, count: mine.shown });
      if (paused.current) return;
      setRows(mine.rows.slice());
      setSeen(mine.shown);
    };
    const timer = setInterval(show, paint);
    readEvents(`/api/v1/queries/tail${query ? `?${query}` : ""}`, abort.signal, (events) => {
      const records: Schemas["LoggedQuery"][] = [];
      let beyond = 0;
      for (const e of events) {
        switch (e.type) {
          case "hello":
            setHello(JSON.parse(e.data) as Hello);
            setState("listening");
            break;
          case "query":
            records.push(JSON.parse(e.data) as Schemas["LoggedQuery"]);
            break;
          case "node": {
            const n = JSON.parse(e.data) as News;
            beyond += n.dropped ?? 0;
            if (n.trouble) trouble.set(n.node, n.trouble);
            else trouble.delete(n.node);
            setTroubles([...trouble].sort());
            break;
          }
          case "end":
            ended = true;
            setEndedBy((JSON.parse(e.data) as { reason: string }).reason);
        }
      }
      mine.take(records, beyond, performance.now());
    })
      .then(() => {
        show();
        setEndedBy((by) => by ?? (ended ? by : "broken"));
        setState("ended");
      })
      .catch((err) => {
        if (abort.signal.aborted) return;
        setError(err);
        setState("failed");
      })
      .finally(() => clearInterval(timer));
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [query, enabled, turn]);

  const pause = useCallback(() => {
    paused.current = true;
    setState((s) => (s === "listening" ? "paused" : s));
  }, []);
  const resume = useCallback(() => {
    paused.current = false;
    setRows(held.current.rows.slice());
    setSeen(held.current.shown);
    setState((s) => (s === "paused" ? "listening" : s));
  }, []);
  const restart = useCallback(() => setTurn((n) => n + 1), []);
  const clear = useCallback(() => {
    held.current.rows = [];
    setRows([]);
    setSeen(held.current.shown);
  }, []);
  return {
    state,
    error,
    rows,
    fresh: meter.count - seen,
    rate: meter.rate,
    beyond: meter.beyond,
    hello,
    troubles,
    endedBy,
    pause,
    resume,
    restart,
    clear,
  };
}
