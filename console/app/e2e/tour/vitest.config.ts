import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  test: { environment: "node", include: ["tour.ts"], fileParallelism: false, testTimeout: 600_000, hookTimeout: 120_000 },
});
