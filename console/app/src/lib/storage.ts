// Small things that this browser keeps. Private windows, policies and a full disk refuse it, and may do so by
// throwing at the first touch: what is refused is kept as long as this page lives, and nothing of the console breaks.

type Place = "local" | "session";

const here: Record<Place, Map<string, string | null>> = { local: new Map(), session: new Map() };

const store = (place: Place): Storage => (place === "local" ? window.localStorage : window.sessionStorage);

export function kept(key: string, place: Place = "local"): string | null {
  const own = here[place].get(key);
  if (own !== undefined) return own;
  try {
    return store(place).getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text, or with null forgets it; false when that lasts only as long as this page. */
export function keep(key: string, value: string | null, place: Place = "local"): boolean {
  try {
    if (value === null) store(place).removeItem(key);
    else store(place).setItem(key, value);
    here[place].delete(key);
    return true;
  } catch {
    here[place].set(key, value);
    return false;
  }
}

/** Names of all that is kept. */
export function keptKeys(): string[] {
  try {
    return Object.keys(window.localStorage);
  } catch {
    return [...here.local.keys()];
  }
}
