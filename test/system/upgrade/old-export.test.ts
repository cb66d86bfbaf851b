import assert from "node:assert/strict";
import { test } from "node:test";
import { awaitExport, startExport } from "../../testkit/api/export-job.js";
import { restoreOldHome } from "../../testkit/old-home.js";

test("a model version of version 0.1 has no exports, and can be exported", async () => {
  await using home = await restoreOldHome();
  await using server = await home.start({ ESPALIER_TRAIN: "off" });
  const clients = { editor: server.admin, viewer: server.admin };
  const { modelVersion } = await server.admin.ask<{ modelVersion: { ref: string; exports: object } }>(
    '{ modelVersion(ref: "shapes@champion") { ref exports { totalCount nodes { id } } } }',
  );
  assert.deepEqual(modelVersion.exports, { totalCount: 0, nodes: [] });
  const id = await startExport(clients, { modelVersion: modelVersion.ref, format: "SAVED_MODEL" });
  const { state, failure, proof } = await awaitExport(clients, id);
  assert.equal(state, "READY", failure?.message);
  assert.deepEqual([proof?.status, proof?.top1Agreement], ["PROVEN", 1]);
});
