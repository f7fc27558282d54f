// Where one was on the way to when one went to sign in at the identity provider. The server sends people
// back to the first page only, so that nobody else can say where; this browser's tab remembers the rest.
const key = "meridian.back";
// As long as the server waits for somebody to come back.
const lasts = 10 * 60_000;

/** Only a path of this console. */
export function safe(back: string | undefined): string {
  return back?.startsWith("/") && !back.startsWith("//") && !back.startsWith("/\\") && !back.startsWith("/signin") ? back : "/";
}

export function leaveFor(back: string): void {
  sessionStorage.setItem(key, JSON.stringify({ back, at: Date.now() }));
}

/** The place, if one is still on the way there; keep: it is asked for again. */
export function onTheWay(keep = false): string | undefined {
  try {
    const v = JSON.parse(sessionStorage.getItem(key) ?? "null") as { back?: unknown; at?: unknown } | null;
    if (!keep) sessionStorage.removeItem(key);
    if (typeof v?.back !== "string" || typeof v.at !== "number" || Date.now() - v.at > lasts) return undefined;
    const back = safe(v.back);
    return back === "/" ? undefined : back;
  } catch {
    return undefined;
  }
}
