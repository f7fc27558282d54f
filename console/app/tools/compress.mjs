// Writes a brotli and a gzip copy beside every text file of the build, which the Go server
// hands to browsers as they are. Small files are left: a header costs more than is won.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = new URL("../../dist/app", import.meta.url).pathname;

for (const name of readdirSync(root, { recursive: true })) {
  if (!/\.(js|css|svg|json|html|txt|md)$/.test(name) || name === "index.html" || name.startsWith(".vite")) continue;
  const path = join(root, name);
  const raw = readFileSync(path);
  if (raw.length < 1024) continue;
  writeFileSync(`${path}.gz`, gzipSync(raw, { level: 9 }));
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(raw, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length } }),
  );
}
