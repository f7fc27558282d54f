// Record data as people type it: fields for the types that have some, the presentation form
// (RFC 1035 §5.1) for all others. What is right is decided by the server alone; here only the
// text is taken apart and put together.

export type FieldKind = "text" | "number" | "name" | "long";
export type Field = { key: string; kind: FieldKind; max?: number; hint?: string };

const name = (key: string): Field => ({ key, kind: "name", hint: "host.example.net." });
const num = (key: string, max = 65535): Field => ({ key, kind: "number", max });

const shapes: Record<string, Field[]> = {
  A: [{ key: "address", kind: "text", hint: "192.0.2.1" }],
  AAAA: [{ key: "address", kind: "text", hint: "2001:db8::1" }],
  CNAME: [name("target")],
  DNAME: [name("target")],
  NS: [name("target")],
  PTR: [name("target")],
  MX: [num("preference"), name("exchange")],
  SRV: [num("priority"), num("weight"), num("port"), name("target")],
  CAA: [num("flags", 255), { key: "tag", kind: "text", hint: "issue" }, { key: "value", kind: "text", hint: "ca.example.net" }],
  TXT: [{ key: "text", kind: "long" }],
  SPF: [{ key: "text", kind: "long" }],
};

/** Types offered; every other the server knows can be typed. */
export const commonTypes = [
  "A",
  "AAAA",
  "CNAME",
  "MX",
  "TXT",
  "NS",
  "SRV",
  "CAA",
  "PTR",
  "HTTPS",
  "SVCB",
  "NAPTR",
  "TLSA",
  "SSHFP",
  "DS",
  "DNAME",
  "LOC",
  "URI",
  "HINFO",
];

export function fieldsOf(type: string): Field[] | undefined {
  return shapes[type.toUpperCase()];
}

/** Words of a line of data; a quoted one is one word without its quotes, escapes kept. undefined: not well formed. */
function split(data: string): { text: string; quoted: boolean }[] | undefined {
  const out: { text: string; quoted: boolean }[] = [];
  let i = 0;
  while (i < data.length) {
    if (/\s/.test(data[i] ?? "")) {
      i++;
      continue;
    }
    const quoted = data[i] === '"';
    if (quoted) i++;
    let text = "";
    for (;;) {
      const c = data[i];
      if (c === undefined) {
        if (quoted) return undefined;
        break;
      }
      if (c === "\\") {
        text += data.slice(i, i + 2);
        i += 2;
        continue;
      }
      if (quoted ? c === '"' : /\s/.test(c)) break;
      text += c;
      i++;
    }
    if (quoted) i++;
    out.push({ text, quoted });
  }
  return out;
}

/** The octets of a character string: \DDD is one octet, \X is X. */
function octets(s: string): number[] | undefined {
  const out: number[] = [];
  const bytes = new TextEncoder();
  for (let i = 0; i < s.length; ) {
    if (s[i] === "\\") {
      const d = /^\d{3}/.exec(s.slice(i + 1));
      if (d) {
        if (Number(d[0]) > 255) return undefined;
        out.push(Number(d[0]));
        i += 4;
        continue;
      }
      if (i + 1 >= s.length) return undefined;
      out.push(...bytes.encode(s[i + 1] ?? ""));
      i += 2;
      continue;
    }
    const cp = String.fromCodePoint(s.codePointAt(i) ?? 0);
    out.push(...bytes.encode(cp));
    i += cp.length;
  }
  return out;
}

function readable(o: number[]): string | undefined {
  try {
    const s = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(o));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: such octets cannot be typed in a field; their data stays as it is
    return /[\u0000-\u0008\u000b-\u001f\u007f]/.test(s) ? undefined : s;
  } catch {
    return undefined;
  }
}

/** Character strings of at most 255 octets (RFC 1035 §3.3), quoted and escaped. */
function quoted(o: number[]): string {
  const parts: string[] = [];
  for (let i = 0; i === 0 || i < o.length; i += 255) {
    const text = o
      .slice(i, i + 255)
      .map((b) =>
        b === 0x22 || b === 0x5c
          ? `\\${String.fromCharCode(b)}`
          : b >= 0x20 && b < 0x7f
            ? String.fromCharCode(b)
            : `\\${String(b).padStart(3, "0")}`,
      )
      .join("");
    parts.push(`"${text}"`);
  }
  return parts.join(" ");
}

/** The fields of a line of data; undefined when it does not fit them and must be shown as it is. */
export function parseData(type: string, data: string): Record<string, string> | undefined {
  const fields = fieldsOf(type);
  if (!fields) return undefined;
  if (data.trim() === "") return Object.fromEntries(fields.map((f) => [f.key, ""]));
  if (data.trimStart().startsWith("\\#")) return undefined; // RFC 3597
  const words = split(data);
  if (!words) return undefined;
  if (fields[0]?.kind === "long") {
    const all: number[] = [];
    for (const w of words) {
      const o = octets(w.text);
      if (!o) return undefined;
      all.push(...o);
    }
    const text = readable(all);
    return text === undefined ? undefined : { text };
  }
  if (words.length !== fields.length) return undefined;
  const out: Record<string, string> = {};
  for (const [i, f] of fields.entries()) {
    const w = words[i];
    if (!w) return undefined;
    if (type.toUpperCase() === "CAA" && f.key === "value") {
      const o = octets(w.text);
      const text = o && readable(o);
      if (text === undefined) return undefined;
      out[f.key] = text;
    } else out[f.key] = w.text;
  }
  return out;
}

/** The line of data that fields stand for. */
export function formatData(type: string, v: Record<string, string>): string {
  const fields = fieldsOf(type) ?? [];
  const utf8 = (s: string) => [...new TextEncoder().encode(s)];
  if (fields[0]?.kind === "long") return quoted(utf8(v.text ?? ""));
  if (fields.every((f) => !v[f.key]?.trim())) return "";
  return fields
    .map((f) => (f.key === "value" && type.toUpperCase() === "CAA" ? quoted(utf8(v.value ?? "")) : (v[f.key] ?? "").trim()))
    .join(" ");
}

/** Owner as people write it in a zone: @, www, or with a final dot where it is not below the zone. */
export function relative(owner: string, zone: string): string {
  const o = owner.replace(/\.$/, "").toLowerCase();
  const z = zone.replace(/\.$/, "").toLowerCase();
  if (o === z || o === "@" || o === "") return "@";
  return o.endsWith(`.${z}`) ? o.slice(0, -z.length - 1) : owner;
}

/** The whole name without its final dot: what the key of a record holds. */
export function absolute(owner: string, zone: string): string {
  const z = zone.replace(/\.$/, "").toLowerCase();
  const o = owner.trim().toLowerCase();
  if (o === "@" || o === "") return z;
  return o.endsWith(".") ? o.slice(0, -1) : `${o}.${z}`;
}

export function recordKey(zone: string, owner: string, type: string): string {
  return `${zone}/${absolute(owner, zone)}/${type.toUpperCase()}`;
}
