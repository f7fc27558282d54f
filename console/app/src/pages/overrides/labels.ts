// Labels of addresses and pools as choices: "drain a site" is one of them.
export type Labelled = { name: string; labels?: Record<string, string> };
export type Choice = { selector: string; key: string; value: string; addresses: number; pools: number };

/** Keys that name a place come first: in an emergency one looks for the site. */
const places = ["site", "dc", "idc", "datacenter", "datacentre", "room", "az", "zone", "region", "city", "country", "provider", "isp"];

export function choicesOf(addresses: Labelled[], pools: Labelled[]): Choice[] {
  const found = new Map<string, Choice>();
  const count = (list: Labelled[], what: "addresses" | "pools") => {
    for (const o of list)
      for (const [key, value] of Object.entries(o.labels ?? {})) {
        const selector = `${key}=${value}`;
        const c = found.get(selector) ?? { selector, key, value, addresses: 0, pools: 0 };
        c[what]++;
        found.set(selector, c);
      }
  };
  count(addresses, "addresses");
  count(pools, "pools");
  const rank = (c: Choice) => {
    const at = places.indexOf(c.key.toLowerCase());
    return at < 0 ? places.length : at;
  };
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.key.localeCompare(b.key) || a.value.localeCompare(b.value));
}

/** Whether an object has all labels of a selector like site=hz,tier=web. */
export function carries(o: Labelled, selector: string): boolean {
  const wanted = selector
    .split(",")
    .map((s) => s.trim())
    .filter(Boolean);
  return (
    wanted.length > 0 &&
    wanted.every((w) => {
      const at = w.indexOf("=");
      return at > 0 && o.labels?.[w.slice(0, at).trim()] === w.slice(at + 1).trim();
    })
  );
}
