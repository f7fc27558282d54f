// What clients got before, during and after an incident, read from the changes of answers in it.
import type { Schemas } from "@/api/client";

export type Outcome = Schemas["AnswerOutcome"];
export type Class = { line: string; before?: Outcome | null; after?: Outcome | null };
type Step = Pick<Schemas["Transition"], "kind" | "subject" | "at" | "data">;

export type Got = { domain: string; lines: string[]; before: Outcome | undefined; during: Outcome[]; after: Outcome | undefined };

const gist = (o: Outcome | null | undefined) => (o ? JSON.stringify([o.basis, o.pools.map((p) => [p.pool, p.addresses])]) : "");

export function classesOf(data: unknown): Class[] {
  return Array.isArray(data) ? (data as Class[]).filter((c) => typeof c?.line === "string") : [];
}

/** Lines of one access domain that got the same all along stand together. */
export function got(steps: Step[], ended: boolean): Got[] {
  const paths = new Map<string, { domain: string; line: string; path: (Outcome | undefined)[] }>();
  for (const s of steps) {
    if (s.kind !== "domain") continue;
    for (const c of classesOf(s.data)) {
      const key = `${s.subject} ${c.line}`;
      let p = paths.get(key);
      if (!p) {
        p = { domain: s.subject, line: c.line, path: [c.before ?? undefined] };
        paths.set(key, p);
      }
      if (gist(p.path.at(-1)) !== gist(c.after)) p.path.push(c.after ?? undefined);
    }
  }
  const out = new Map<string, Got>();
  for (const { domain, line, path } of paths.values()) {
    if (path.length < 2) continue;
    const key = `${domain} ${path.map(gist).join(" ")}`;
    const same = out.get(key);
    if (same) {
      same.lines.push(line);
      continue;
    }
    const middle = ended ? path.slice(1, -1) : path.slice(1);
    const distinct = middle.filter((o, i) => middle.findIndex((x) => gist(x) === gist(o)) === i);
    out.set(key, {
      domain,
      lines: [line],
      before: path[0],
      during: distinct.filter((o): o is Outcome => o !== undefined),
      after: ended ? path.at(-1) : undefined,
    });
  }
  return [...out.values()];
}
