// Sends many DNS queries with client subnets (RFC 7871), so that statistics have something to show.
import { createSocket } from "node:dgram";

/** One query: name, type number (1 A, 28 AAAA, 15 MX), IPv4 client network /24. */
export type Query = { name: string; type?: number; client?: string };

function encode(id: number, q: Query): Buffer {
  const labels = q.name.replace(/\.$/, "").split(".");
  const name = Buffer.concat([...labels.map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])), Buffer.from([0])]);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(1, 4); // one question
  head.writeUInt16BE(1, 10); // one additional: OPT
  const question = Buffer.alloc(4);
  question.writeUInt16BE(q.type ?? 1, 0);
  question.writeUInt16BE(1, 2);
  const ecs = q.client
    ? Buffer.from([0, 8, 0, 7, 0, 1, 24, 0, ...q.client.split(".").slice(0, 3).map(Number)]) // option 8, family 1, /24
    : Buffer.alloc(0);
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(41, 1);
  opt.writeUInt16BE(1232, 3);
  opt.writeUInt16BE(ecs.length, 9);
  return Buffer.concat([head, name, question, opt, ecs]);
}

/** Sends the queries in turn, count in all, about perSecond of them a second; resolves with the number of answers. */
export async function load(port: number, queries: Query[], count: number, perSecond = 2_000): Promise<number> {
  const socket = createSocket("udp4");
  let answers = 0;
  socket.on("message", () => answers++);
  await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
  const batch = Math.max(1, Math.round(perSecond / 50));
  for (let sent = 0; sent < count; ) {
    for (let i = 0; i < batch && sent < count; i++, sent++) {
      const q = queries[sent % queries.length];
      if (q) socket.send(encode(sent & 0xffff, q), port, "127.0.0.1");
    }
    await new Promise((r) => setTimeout(r, 20));
  }
  for (let i = 0; i < 100 && answers < count; i++) await new Promise((r) => setTimeout(r, 10));
  socket.close();
  return answers;
}
