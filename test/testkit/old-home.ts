import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import pg from "pg";
import { extract } from "tar-stream";
import { startEspalier } from "../../src/app/espalier.js";
import { parseConfig } from "../../src/core/config.js";
import { applyMigrations, migrationsFolder } from "../../src/db/migrations/apply-migrations.js";
import { OwnedResources } from "../../src/lang/owned-resources.js";
import { projectRoot } from "../../src/lang/project-root.js";
import type { Answer } from "../fixtures/home-0.1/ask-everything.js";
import type { DumpedDatabase } from "../fixtures/home-0.1/dump-database.js";
import type { HomeIds, KeyedRequest } from "../fixtures/home-0.1/fill-home.js";
import { GraphqlClient } from "./api/graphql-client.js";
import { createEmptyDatabase, testLog } from "./postgres/database.js";
import { temporaryFolder } from "./temporary-folder.js";

/** The answers of the old server, and the results of its runs and models after they were used further. */
export interface OldHomeGolden {
  readonly ids: HomeIds;
  readonly requests: readonly KeyedRequest[];
  readonly answers: readonly Answer[];
  readonly afterwards: {
    readonly machine: Machine & { readonly processor: object };
    readonly machineDocument: string;
    readonly outcomes: Readonly<Record<"queuedRun" | "pausedRun" | "tunedRun", RunOutcome>>;
    readonly outcomeDocument: string;
    readonly classification: Answer & { readonly data: { readonly classify: Classification } };
  };
}

export interface Machine {
  readonly system: object;
}

export interface RunOutcome {
  readonly state: string;
  readonly endReason: string;
  readonly attempt: number;
  readonly epochs: readonly {
    readonly trainLoss: object;
    readonly validationLoss: object;
    readonly learningRate: number;
  }[];
  readonly batchLoss: object;
  readonly environment: object;
}

export interface Classification {
  readonly results: readonly {
    readonly top: readonly { readonly label: string; readonly probability: number }[];
  }[];
}

/** A database and a home folder as an old version left them. */
export interface OldHome extends AsyncDisposable {
  readonly homeFolder: string;
  readonly golden: OldHomeGolden;
  /** Starts the product over them, with the settings that the golden values were made with. */
  start(environment?: NodeJS.ProcessEnv): Promise<{ readonly admin: GraphqlClient } & AsyncDisposable>;
}

/** Restores `test/fixtures/home-0.1` with the migrations of its time. The server applies the newer ones. */
export async function restoreOldHome(): Promise<OldHome> {
  const fixture = path.join(projectRoot(import.meta.dirname), "test/fixtures/home-0.1");
  const unpacked = async (name: string): Promise<Buffer> =>
    gunzipSync(await readFile(path.join(fixture, name)));
  await using starting = new OwnedResources();
  const { folder } = starting.own(await temporaryFolder());
  const { url } = starting.own(await createEmptyDatabase());
  await loadDatabase(url, JSON.parse((await unpacked("database.json.gz")).toString()), folder);
  const homeFolder = path.join(folder, "home");
  await unpackFolder(await unpacked("home.tar.gz"), homeFolder);
  const golden = JSON.parse((await unpacked("golden.json.gz")).toString()) as OldHomeGolden;
  const owned = starting.move();
  return {
    homeFolder,
    golden,
    async start(environment = {}) {
      await using opening = new OwnedResources();
      const config = parseConfig({
        ...process.env,
        DATABASE_URL: url,
        ESPALIER_HOME: homeFolder,
        ESPALIER_PORT: "0",
        ESPALIER_THREADS: "1",
        ESPALIER_KERNELS: "off",
        ...environment,
      });
      const server = opening.own(await startEspalier(config, { log: testLog, progress: () => {} }));
      const admin = opening.own(new GraphqlClient(server.url, server.adminToken.secret));
      const open = opening.move();
      return { admin, [Symbol.asyncDispose]: () => open[Symbol.asyncDispose]() };
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

async function loadDatabase(url: string, dumped: DumpedDatabase, folder: string): Promise<void> {
  const migrations = path.join(folder, "migrations");
  for (const { name } of dumped.migrations) {
    await cp(path.join(migrationsFolder(), name), path.join(migrations, name), { recursive: true });
  }
  await applyMigrations(url, testLog, migrations);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: applied } = await client.query(
      "select migration_name as name, checksum from _prisma_migrations order by migration_name",
    );
    // Databases hold the checksums, so a migration must never change.
    assert.deepEqual(applied, dumped.migrations);
    for (const [table, rows] of Object.entries(dumped.tables)) {
      await client.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(rows),
      ]);
    }
    await client.query(
      `select setval(pg_get_serial_sequence('metric_series', 'id'), (select max(id) from metric_series)),
              setval(pg_get_serial_sequence('run', 'queue_order'), (select max(queue_order) from run))`,
    );
  } finally {
    await client.end();
  }
}

async function unpackFolder(tar: Buffer, folder: string): Promise<void> {
  const entries = extract();
  entries.end(tar);
  for await (const entry of entries) {
    const file = path.join(folder, entry.header.name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, await buffer(entry), { mode: 0o600 });
  }
}
