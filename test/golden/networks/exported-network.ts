import path from "node:path";
import { restoreCheckpoint, saveCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { TensorValue } from "../../../src/engine/engine-protocol.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import type { CustomOp } from "../../../src/graph/custom-op.js";
import { exportModel } from "../../../src/registry/model-export.js";
import type { EngineWithFolder } from "../../testkit/engine.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";
import { fedImages, fedLabels } from "../fed-values.js";
import { writeFormulaCheckpoint } from "./golden-networks.js";

export interface ExportedNetwork {
  /** The SavedModel. */
  readonly folder: string;
  /** What the network computes from the trained weights in float32 for the formula's images. */
  readonly probabilities: TensorValue | undefined;
}

/**
 * Trains a network for one step, from the formula's weights, and exports it as the registry does.
 *
 * @param images number of the images "evaluation" that are classified
 */
export async function exportTrained(
  engine: EngineWithFolder,
  name: string,
  network: NetworkSpec,
  images: number,
  customOps: readonly CustomOp[] = [],
): Promise<ExportedNetwork> {
  const { host } = engine;
  const training = buildTrainingGraph(network, {
    optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
    learningRate: { kind: "constant", initial: 0.001, warmupEpochs: 0 },
    epochs: 1,
    ...PLAIN_TRAINING,
    customOps,
    stepsPerEpoch: 1,
  });
  const checkpoint = path.join(engine.folder, `trained-${name}`);
  await using session = await host.openGraph(training);
  await restoreCheckpoint(session, await writeFormulaCheckpoint(engine, `untrained-${name}`, training));
  const fed = () => fedImages("evaluation", images, network.imageSizePixels);
  await session.run("train_step", {
    images: fed(),
    labels: fedLabels("evaluation", images, network.classCount),
  });
  const { sha256 } = await saveCheckpoint(session, checkpoint);

  await using serving = await host.openGraph(buildServingGraph({ ...network, precision: "FLOAT32" }));
  await restoreCheckpoint(serving, checkpoint);
  const { probabilities } = await serving.run("serving_default", { images: fed() });

  const folder = path.join(engine.folder, `export-${name}`);
  await exportModel(
    host,
    {
      network,
      checkpoint: { folder: checkpoint, sha256 },
      classNames: Array.from({ length: network.classCount }, (_, index) => `class ${index}`),
      dataset: { ref: "golden:1", hash: null },
      run: { id: "run_0", epoch: 1 },
    },
    folder,
  );
  return { folder, probabilities };
}
