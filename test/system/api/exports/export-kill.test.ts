import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ServerProcess } from "../../../../src/client/server-process.js";
import { OwnedResources } from "../../../../src/lang/owned-resources.js";
import { awaitExport, exportEvents, findExport, startExport } from "../../../testkit/api/export-job.js";
import { trainFlowers } from "../../../testkit/api/flower-job.js";
import { GraphqlClient } from "../../../testkit/api/graphql-client.js";
import { createTestDatabase } from "../../../testkit/postgres/database.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

async function startServer(homeFolder: string, databaseUrl: string) {
  await using starting = new OwnedResources();
  const server = starting.own(
    ServerProcess.start(() => {}, { ESPALIER_HOME: homeFolder, DATABASE_URL: databaseUrl }),
  );
  const { url, adminTokenFile } = await Promise.race([server.ready, server.died]);
  const client = starting.own(new GraphqlClient(url, (await readFile(adminTokenFile, "utf8")).trim()));
  const owned = starting.move();
  return {
    editor: client,
    viewer: client,
    kill: () => server.kill(),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** It has every stage. The bounds are always met: a tiny network that was hardly trained may lose much. */
const QUANTIZED = {
  format: "TFLITE",
  precision: "INT8",
  calibrationImages: 16,
  bounds: { minimumTop1Agreement: 0, maximumAccuracyLoss: 1 },
} as const;

const STAGES = ["QUEUED", "CALIBRATING", "WRITING", "PROVING"] as const;

test("an export whose server is killed in every stage ends with the same bytes after the last start", async () => {
  await using home = await temporaryFolder();
  await using database = await createTestDatabase();
  const folder = path.join(home.folder, "exports");
  let modelVersion: string;
  let expected: string | undefined;
  {
    await using server = await startServer(home.folder, database.url);
    modelVersion = await trainFlowers(server);
    const whole = await awaitExport(server, await startExport(server, { modelVersion, ...QUANTIZED }));
    assert.equal(whole.state, "READY", whole.failure?.message);
    assert.equal(whole.calibrationImages, 16);
    expected = whole.file?.sha256;
  }

  const input = { modelVersion, ...QUANTIZED, idempotencyKey: "killed" };
  const ids = new Set<string>();
  for (const stage of STAGES) {
    await using server = await startServer(home.folder, database.url);
    // The key names the same export after every start.
    const id = await startExport(server, input);
    ids.add(id);
    if (stage !== "QUEUED") {
      // Only the newest progress is kept, so a short stage may pass unseen.
      for await (const event of exportEvents(server, id)) {
        if (event.__typename === "ExportProgress" && STAGES.indexOf(event.stage) >= STAGES.indexOf(stage))
          break;
      }
    }
    await server.kill();
  }
  const [id = ""] = ids;
  assert.equal(ids.size, 1);

  await using last = await startServer(home.folder, database.url);
  const { state, failure, file, attempts } = await awaitExport(last, id);
  assert.equal(state, "READY", failure?.message);
  assert.ok(attempts >= 2, `${attempts} attempts`);
  assert.equal(file?.sha256, expected);
  const stored = await readFile(path.join(folder, id, file?.name ?? ""));
  assert.equal(createHash("sha256").update(stored).digest("hex"), expected);
  assert.equal(await startExport(last, input), id, "also after its end");
  assert.equal((await findExport(last, id)).state, "READY");
  assert.ok(
    (await readdir(folder)).every((name) => /^mex_[0-9a-z]{26}$/.test(name)),
    "no leftovers",
  );
});
