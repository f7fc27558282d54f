// Deleting in the draft: an object that others name goes with its links, in the same change set.
import { type Body, draftItem, type Kind, stage } from "./draft";
import { bare } from "./model";
import { readObject, withoutName } from "./objects";
import type { User } from "./UsedBy";

/** Stages the end of an object, and takes it out of those that name it. What is only about it, like an assertion, ends too. */
export async function removeFromDraft(kind: Kind, key: string, users: User[]): Promise<void> {
  for (const u of users) {
    const item = draftItem(u.kind, u.key);
    const known = item ? undefined : await readObject(u.kind, u.key);
    const body = item?.body ?? (known ? bare(known) : undefined);
    if (!body) continue;
    const base = item?.base ?? (known ? { version: known.version, body: bare(known) } : undefined);
    const rest: Body | undefined = withoutName(u.kind, body, { kind, key });
    if (rest) stage({ kind: u.kind, key: u.key, op: "put", body: rest, ...(base ? { base } : {}) });
    else stage({ kind: u.kind, key: u.key, op: "delete", ...(base ? { base } : {}) });
  }
  const item = draftItem(kind, key);
  const known = item?.base ? undefined : await readObject(kind, key);
  const base = item?.base ?? (known ? { version: known.version, body: bare(known) } : undefined);
  stage({ kind, key, op: "delete", ...(base ? { base } : {}) });
}
