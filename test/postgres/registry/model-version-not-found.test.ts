import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../../../src/core/ids.js";
import { inputContractOf } from "../../../src/core/input-contract.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { modelVersionNotFound } from "../../../src/registry/model-version-not-found.js";
import { createTestDatabase } from "../../testkit/postgres/database.js";
import { insertTrainedRun, TINY_CONFIGURATION } from "../../testkit/trained-run.js";

test("the error for an unknown model version says what exists", async () => {
  await using testDatabase = await createTestDatabase();
  const models = new ModelStore(testDatabase.database);
  assert.equal(
    (await modelVersionNotFound(models, "trees")).message,
    '"trees" names no model version: there is no model named "trees". There are no models yet.',
  );
  const run = await insertTrainedRun(testDatabase.database);
  const version = await models.insertVersion({
    id: newId("modelVersion"),
    modelId: newId("model"),
    modelName: "flowers",
    description: "",
    runId: run.runId,
    datasetVersionId: run.datasetVersionId,
    epoch: 1,
    checkpointSha256: "c1",
    classNames: run.classNames,
    imageSizePixels: 32,
    inputContract: inputContractOf({ imageSizePixels: 32, preprocessing: "SCALE_0_1", classCount: 3 }),
    configuration: TINY_CONFIGURATION,
    metrics: null,
    parameterCount: 1,
    sizeBytes: 1,
    sha256: "00",
    idempotency: null,
  });
  const messageFor = async (ref: string): Promise<string> =>
    (await modelVersionNotFound(models, ref)).message;

  assert.equal(
    await messageFor("trees@champion"),
    '"trees@champion" names no model version: there is no model named "trees". Models: flowers.',
  );
  assert.equal(
    await messageFor("flowers:7"),
    'The model "flowers" has no version 7. Its latest version is 1.',
  );
  assert.equal(
    await messageFor("flowers@champion"),
    'The model "flowers" has no alias "champion". It has no aliases.',
  );
  await models.putAlias(version?.modelId ?? "", "best", 1);
  await models.putAlias(version?.modelId ?? "", "first", 1);
  assert.equal(
    await messageFor("flowers@champion"),
    'The model "flowers" has no alias "champion". Aliases: best, first.',
  );
  assert.match(await messageFor("flowers:0"), /^A model version is named .* Received "flowers:0"\.$/);
});
