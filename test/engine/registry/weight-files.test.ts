import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { FolderBlobStore } from "../../../src/data/blobs/folder-blob-store.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { networkVariables } from "../../../src/graph/architectures/layer-table.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { ImportedWeights } from "../../../src/registry/weights/imported-weights.js";
import { relativeDifference } from "../../golden/difference.js";
import { fedImages, floats } from "../../golden/fed-values.js";
import {
  type DescribedFile,
  describedFiles,
  FRAMEWORKS,
  type Framework,
  makeWeightFiles,
  networkOfFile,
  unpackWeightFiles,
  WEIGHTS_IMAGES,
  whyNotMade,
} from "../../golden/weight-files.js";
import { startTestEngine } from "../../testkit/engine.js";
import { testLog } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

/** Relative to the largest logit: sums are rounded in another order. */
const TOLERANCE = 1e-5;

let host: EngineHost;
before(async () => {
  host = await startTestEngine();
});
after(() => host[Symbol.asyncDispose]());

async function importedLogits(folder: string, name: string, file: DescribedFile): Promise<Float32Array> {
  const blobs = new FolderBlobStore(path.join(folder, "blobs"));
  const imported = new ImportedWeights({ blobs, homeFolder: folder, log: testLog });
  const network = networkOfFile(file);
  const { epsilon = null } = file;
  const wanted = { network, classNames: null, epsilon };
  const { sha256 } = await imported.keep(path.join(folder, name), wanted);
  const initial = await imported.provide(sha256, wanted, host);
  assert.deepEqual(
    initial.variables,
    networkVariables(network).map((variable) => variable.name),
  );
  await using session = await host.openGraph(buildServingGraph(network));
  await restoreCheckpoint(session, initial.folder);
  const images = fedImages("weights", WEIGHTS_IMAGES, network.imageSizePixels);
  const { logits } = await session.run("serving_default", { images });
  return floats(logits);
}

async function checkAll(folder: string, framework: Framework): Promise<void> {
  for (const [name, file] of Object.entries(await describedFiles(folder, framework))) {
    const difference = relativeDifference(await importedLogits(folder, name, file), file.logits.flat());
    assert.ok(difference < TOLERANCE, `${name}: logits differ by ${difference}`);
  }
}

for (const framework of Object.keys(FRAMEWORKS) as Framework[]) {
  describe(`a network that starts from what ${framework} saved`, async () => {
    test("gives the logits of its own framework, in every format", async () => {
      await using temporary = await temporaryFolder();
      await unpackWeightFiles(temporary.folder);
      await checkAll(temporary.folder, framework);
    });

    test("gives them with newly written files too", { skip: await whyNotMade(framework) }, async () => {
      await using temporary = await temporaryFolder();
      await makeWeightFiles(temporary.folder, framework, "fresh");
      await checkAll(temporary.folder, framework);
    });
  });
}
