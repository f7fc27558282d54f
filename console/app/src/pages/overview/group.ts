// One outage shows as many problems: an access domain, its pool, the addresses below, and everything else that
// shares them. Problems with a common probe that failed, or one of whose access domains is a problem as well,
// belong together; of machines all of one kind and state do.
import type { Schemas } from "@/api/client";

export type Problem = Schemas["Problem"];
export type Group = { key: string; head: Problem; rest: Problem[]; since: string | undefined };

const severities = ["critical", "major", "minor", "info"];
const kinds = ["access_domain", "pool", "address", "override", "node", "vantage", "alarm", "task"];

function weight(p: Problem): number {
  return severities.indexOf(p.severity) * 10 + kinds.indexOf(p.kind);
}

export function group(list: Problem[]): Group[] {
  const parent = list.map((_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at] as number] as number;
      at = parent[at] as number;
    }
    return at;
  };
  const seen = new Map<string, number>();
  const join = (i: number, key: string) => {
    const other = seen.get(key);
    if (other === undefined) seen.set(key, i);
    else parent[root(i)] = root(other);
  };
  list.forEach((p, i) => {
    switch (p.kind) {
      case "access_domain":
      case "pool":
      case "address":
        for (const c of p.causes ?? []) join(i, `task ${c.task}`);
        // What an order withdrew shows where the order is.
        if (p.override) join(i, `override ${p.override.id}`);
        break;
      case "override":
        join(i, `override ${p.name}`);
        break;
      case "task":
        join(i, `task ${p.name}`);
        break;
      default:
        join(i, `${p.kind} ${p.state}`);
    }
  });
  list.forEach((p, i) => {
    if (p.kind !== "pool" && p.kind !== "address" && p.kind !== "override") return;
    for (const name of p.domains?.names ?? []) {
      const d = list.findIndex((x) => x.kind === "access_domain" && x.name === name);
      // Only to an access domain that has no probe to blame: another outage may reach the same one.
      if (d >= 0 && (list[d]?.causes ?? []).length === 0) parent[root(i)] = root(d);
    }
  });
  const groups = new Map<number, Problem[]>();
  list.forEach((p, i) => {
    groups.set(root(i), [...(groups.get(root(i)) ?? []), p]);
  });
  return [...groups.values()]
    .map((all) => {
      const [head, ...rest] = [...all].sort((a, b) => weight(a) - weight(b)) as [Problem, ...Problem[]];
      const since = all
        .map((p) => p.since)
        .filter((s): s is string => Boolean(s))
        .sort()[0];
      return { key: `${head.kind}/${head.name}`, head, rest, since };
    })
    .sort((a, b) => weight(a.head) - weight(b.head) || (b.since ?? "").localeCompare(a.since ?? ""));
}

export type Answer = Schemas["AnswerOutcome"];
export type Instead = { lines: string[]; before: Answer; now: Answer };

function same(a: Answer, b: Answer): boolean {
  const gist = (o: Answer) => JSON.stringify([o.basis, o.pools.map((p) => [p.pool, p.addresses])]);
  return gist(a) === gist(b);
}

/** Lines that lost and got the same, as one. */
export function merged(list: Schemas["Instead"][]): Instead[] {
  const out: Instead[] = [];
  for (const i of list) {
    const known = out.find((o) => same(o.before, i.before) && same(o.now, i.now));
    if (known) known.lines.push(i.line);
    else out.push({ lines: [i.line], before: i.before, now: i.now });
  }
  return out;
}
