// Where one was on the way to when one went to sign in at the identity provider. The server sends people
// back to the first page only, so that nobody else can say where; this browser's tab remembers the rest.
import { keep, kept } from "@/lib/storage";

const key = "meridian.back";
// As long as the server waits for somebody to come back.
const lasts = 10 * 60_000;

/** Only a path of this console: as the browser reads it, which drops tabs and takes a backslash for a slash. */
export function safe(back: string | undefined): string {
  if (!back?.startsWith("/")) return "/";
  const here = window.location.origin;
  const to = URL.canParse(back, here) ? new URL(back, here) : undefined;
  if (to?.origin !== here || to.pathname.startsWith("//") || /^\/signin(\/|$)/.test(to.pathname)) return "/";
  return to.pathname + to.search + to.hash;
}

export function leaveFor(back: string): void {
  keep(key, JSON.stringify({ back, at: Date.now() }), "session");
}

/** The place, if one is still on the way there; again: it is asked for once more. */
export function onTheWay(again = false): string | undefined {
  try {
    const v = JSON.parse(kept(key, "session") ?? "null") as { back?: unknown; at?: unknown } | null;
    if (!again) keep(key, null, "session");
    if (typeof v?.back !== "string" || typeof v.at !== "number" || Date.now() - v.at > lasts) return undefined;
    const back = safe(v.back);
    return back === "/" ? undefined : back;
  } catch {
    return undefined;
  }
}
