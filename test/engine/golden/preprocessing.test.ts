import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Preprocessing } from "../../../src/core/enumerations.js";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { preprocess } from "../../../src/graph/architectures/preprocessing.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { GraphBuilder } from "../../../src/graph/graph-builder.js";
import { placeholder } from "../../../src/graph/ops/constants.js";
import { greatestDifference, relativeDifference } from "../../golden/difference.js";
import { fedImages, floats } from "../../golden/fed-values.js";
import { readGolden, type SmallNetworkGolden } from "../../golden/golden-file.js";
import { smallNetwork, writeFormulaCheckpoint } from "../../golden/networks/golden-networks.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import { graphOf, numbersOf } from "../graph/graph-of.js";
import { TINY_TRAINING } from "../graph/tiny-network.js";

interface PreprocessingGolden {
  readonly sizePixels: number;
  readonly count: number;
  readonly kinds: Readonly<
    Record<
      Exclude<Preprocessing, "SCALE_0_1">,
      {
        /** Result of preprocess_input for the first four pixels of the first two rows of each image. */
        readonly firstPixels: readonly number[];
        readonly logits: readonly number[];
      }
    >
  >;
}

const PIXEL_TOLERANCE = 2e-6;
const LOGITS_TOLERANCE = 1e-5;
const ROWS = 2;
const COLUMNS = 4;

const { sizePixels, count, kinds } = await readGolden<PreprocessingGolden>("preprocessing");
const network = smallNetwork(await readGolden<SmallNetworkGolden>("vgg11-average-pooling"));
const images = () => fedImages("preprocessing", count, sizePixels);
let engine: EngineWithFolder;
before(async () => {
  engine = await startEngineWithFolder();
});
after(() => engine[Symbol.asyncDispose]());

for (const [kind, { firstPixels, logits }] of Object.entries(kinds)) {
  const preprocessing = kind as Preprocessing;

  test(`${kind} scales pixels as Keras's preprocess_input does`, async () => {
    const graph = new GraphBuilder();
    const fed = placeholder(graph, "images", "uint8", [null, sizePixels, sizePixels, 3]);
    const pixels = preprocess(graph, fed, preprocessing, "float32");
    const described = graphOf(graph, { run: { inputs: { images: fed }, outputs: { pixels } } });
    await using session = await engine.host.openGraph(described);
    const all = numbersOf((await session.run("run", { images: images() })).pixels);
    const first = Array.from({ length: count * ROWS }, (_, row) => {
      const start = (Math.floor(row / ROWS) * sizePixels + (row % ROWS)) * sizePixels * 3;
      return all.slice(start, start + COLUMNS * 3);
    }).flat();
    assert.ok(relativeDifference(first, firstPixels) <= PIXEL_TOLERANCE);
  });

  test(`a network with ${kind} classifies an image alike in training, in serving and in Keras`, async () => {
    const own: NetworkSpec = { ...network, preprocessing };
    const training = buildTrainingGraph(own, TINY_TRAINING);
    const checkpoint = await writeFormulaCheckpoint(engine, kind, training);
    const graphs = { predict: training, serving_default: buildServingGraph(own) };
    for (const [signature, graph] of Object.entries(graphs)) {
      await using session = await engine.host.openGraph(graph);
      await restoreCheckpoint(session, checkpoint);
      const given = floats((await session.run(signature, { images: images() })).logits);
      const greatest = Math.max(...logits.map(Math.abs));
      const difference = greatestDifference(given, logits) / greatest;
      assert.ok(difference <= LOGITS_TOLERANCE, `${signature}: ${difference}`);
    }
  });
}
