import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { SchemaEngine } from "@prisma/schema-engine-wasm/schema_engine_bg";
import { AppError } from "../../core/app-error.js";
import type { DatabaseTarget } from "../connecting/database-target.js";
import { catalogReader } from "./catalog-reader.js";

type EngineModule = typeof import("@prisma/schema-engine-wasm/schema_engine_bg");

/** Exit code of `prisma migrate diff --exit-code` when there is a difference. */
const DIFFERENT = 2;

/**
 * Returns the SQL that brings the database to `schema`, the text of a Prisma schema; null when they agree.
 * Reads the database, changes nothing, and needs no downloaded engine.
 *
 * @throws AppError `SCHEMA_ENGINE_MISSING` where development dependencies are not installed
 */
export async function sqlFromDatabaseToSchema(
  database: DatabaseTarget,
  schema: string,
): Promise<string | null> {
  engineModule ??= loadEngineModule();
  const module = await engineModule;
  const client = await database.connect("-scratch");
  let engine: SchemaEngine | null = null;
  try {
    engine = await module.SchemaEngine.new(
      { datamodels: [["schema.prisma", schema]] },
      () => {}, // the engine's log
      catalogReader(client, database.schema),
    );
    const files = [{ path: "schema.prisma", content: schema }];
    const difference = await engine.diff({
      from: { tag: "schemaDatasource", files, configDir: "." },
      to: { tag: "schemaDatamodel", files },
      script: true,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return difference.exitCode === DIFFERENT ? (difference.stdout ?? "") : null;
  } finally {
    engine?.free();
    await client.end();
  }
}

/** Loaded once: the package keeps its instance in a module variable, which a second instance would overwrite. */
let engineModule: Promise<EngineModule> | null = null;

async function loadEngineModule(): Promise<EngineModule> {
  // The package's entry imports the .wasm file as a module, which Node does not support by default.
  let glue: EngineModule;
  let code: Uint8Array;
  try {
    const file = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm/schema_engine_bg");
    code = await readFile(path.join(path.dirname(file), "schema_engine_bg.wasm"));
    glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  } catch (cause) {
    throw new AppError(
      "SCHEMA_ENGINE_MISSING",
      "Comparing migrations needs the package @prisma/schema-engine-wasm, a development dependency. " +
        "Install the development dependencies.",
      { cause },
    );
  }
  // The engine reports a panic through this global, which Prisma's command line sets too.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: {
      set_message: (message: string) => process.stderr.write(`schema engine: ${message}\n`),
    },
  });
  const { instance } = await webAssembly().instantiate(code, { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return glue;
}

/** The standard object, whose types come only with the DOM library. */
interface WebAssembly {
  instantiate(
    code: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}

function webAssembly(): WebAssembly {
  return (globalThis as unknown as { WebAssembly: WebAssembly }).WebAssembly;
}
