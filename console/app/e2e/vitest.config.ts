import { defineConfig } from "vitest/config";

// Real server, real Chromium: files one after the other, since two cores are shared.
export default defineConfig({
  root: new URL(".", import.meta.url).pathname,
  test: {
    environment: "node",
    include: ["**/*.e2e.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ["default"],
  },
});
