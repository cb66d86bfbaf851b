import path from "node:path";
import { defineConfig } from "vite";

/** Builds the playground into `dist/web`. The API server serves it at `/playground/`. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/playground/",
  build: {
    outDir: path.resolve(import.meta.dirname, "../../dist/web"),
    emptyOutDir: true,
    // Every asset is a file, so that the content security policy needs no `data:` source for scripts.
    assetsInlineLimit: 0,
    // The editor with its language services is large, and usually comes from the same machine.
    chunkSizeWarningLimit: 8_000,
    // "use client" in the libraries concerns only servers that render React.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  worker: { format: "es" },
});
