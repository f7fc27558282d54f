// Addresses and networks as numbers: for trying a client against a list, nothing else. What is a valid
// network says the API.

/** Version and bits of an address; undefined when it is none. */
export function parseIP(s: string): { bits: 32 | 128; n: bigint } | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(s)) {
    let n = 0n;
    for (const p of s.split(".")) {
      if (Number(p) > 255) return undefined;
      n = (n << 8n) | BigInt(p);
    }
    return { bits: 32, n };
  }
  if (!/^[0-9a-f:.]+$/i.test(s) || !s.includes(":")) return undefined;
  let text = s;
  const v4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (v4?.[1] && v4[2]) {
    const low = parseIP(v4[2]);
    if (!low) return undefined;
    text = `${v4[1]}${(low.n >> 16n).toString(16)}:${(low.n & 0xffffn).toString(16)}`;
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const words = (h: string | undefined) => (h ? h.split(":") : []);
  const [head, tail] = [words(halves[0]), words(halves[1])];
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  let n = 0n;
  for (const w of [...head, ...Array<string>(halves.length === 2 ? gap : 0).fill("0"), ...tail]) {
    if (!/^[0-9a-f]{1,4}$/i.test(w)) return undefined;
    n = (n << 16n) | BigInt(`0x${w}`);
  }
  return { bits: 128, n };
}

/** The longest of the networks that holds an address. */
export function longest(cidrs: string[], client: string): string | undefined {
  const ip = parseIP(client);
  if (!ip) return undefined;
  let best: { cidr: string; len: number } | undefined;
  for (const cidr of cidrs) {
    const [net, len] = cidr.split("/");
    const at = parseIP(net ?? "");
    if (!at || at.bits !== ip.bits) continue;
    const bits = len === undefined ? at.bits : Number(len);
    if (!Number.isInteger(bits) || bits < 0 || bits > at.bits) continue;
    const shift = BigInt(at.bits - bits);
    if (at.n >> shift === ip.n >> shift && (!best || bits > best.len)) best = { cidr, len: bits };
  }
  return best?.cidr;
}
