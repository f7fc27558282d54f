import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The Go server serves what lands in ../dist/app. In development (npm run dev) the API
// comes from a server on this machine: MERIDIAN_SERVER, default http://127.0.0.1:8080.
const server = process.env.MERIDIAN_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  json: { namedExports: false }, // words are looked up by name: an export for each would weigh a third more
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    outDir: "../dist/app",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // data: URLs would need holes in the content security policy
    sourcemap: false,
    manifest: true,
    license: { fileName: "licenses.md" }, // served: who uses the console can read them
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What the frame of the page is made of, in one file: small files compress badly and each is a request.
            {
              name: "base",
              test: /node_modules[\\/](react|react-dom|scheduler|@tanstack|i18next|react-i18next|openapi-fetch|openapi-react-query)[\\/]/,
              priority: 3,
            },
            // Icons and common parts that many areas share.
            { name: "parts", minShareCount: 24, priority: 1 },
          ],
        },
      },
    },
    chunkSizeWarningLimit: 800, // ECharts is one lazy chunk of 700 kB
  },
  server: { port: 5173, strictPort: true, proxy: { "/api": { target: server, changeOrigin: false } } },
  test: {
    environment: "happy-dom",
    setupFiles: ["./src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    css: false,
  },
});
