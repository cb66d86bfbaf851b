import path from "node:path";
import { defineConfig } from "vite";

/** Builds the playground to `dist/web`, served by the API server below `/playground/`. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/playground/",
  build: {
    outDir: path.resolve(import.meta.dirname, "../../dist/web"),
    emptyOutDir: true,
    // Everything is a file of the same origin, so that no `data:` source has to be allowed for scripts.
    assetsInlineLimit: 0,
    // The editor with its language services is large by nature and comes from the same machine.
    chunkSizeWarningLimit: 8_000,
    // "use client" in the libraries concerns servers that render React; there is none here.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  worker: { format: "es" },
});
