import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import { writeFoldedCheckpoint } from "../../../src/exports/network/folded-checkpoint.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildFoldedGraph } from "../../../src/graph/folding/folded-graph.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { greatestDifference } from "../../testkit/exports/outputs.js";
import { EXPORTED_NETWORKS, openRandomModel, writeRandomModel } from "../../testkit/exports/random-model.js";
import { noiseImages } from "../../testkit/registry-world.js";

let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const [name, network] of Object.entries(EXPORTED_NETWORKS)) {
  test(`a folded ${name} gives the probabilities of the network`, async () => {
    const { host } = engine;
    const folder = path.join(engine.folder, name);
    await writeRandomModel(host, network, folder);
    await using model = await openRandomModel(host, network, folder);
    const checkpoint = path.join(folder, "folded");
    await writeFoldedCheckpoint(host, model.network, checkpoint);

    await using original = await host.openGraph(buildServingGraph(network));
    await restoreCheckpoint(original, path.join(folder, "variables"));
    await using folded = await host.openGraph(buildFoldedGraph(network));
    await restoreCheckpoint(folded, checkpoint);

    const expected = await original.run("serving_default", {
      images: noiseImages(3, network.imageSizePixels, 7),
    });
    const found = await folded.run("serving_default", { images: noiseImages(3, network.imageSizePixels, 7) });
    assert.ok(greatestDifference(found.logits, expected.logits) < 1e-4);
    assert.ok(greatestDifference(found.probabilities, expected.probabilities) < 1e-5);
  });
}
