import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { restoreCheckpoint } from "../../../src/engine/checkpoints/checkpoint.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { networkVariables, shapedLayersOf } from "../../../src/graph/architectures/layer-table.js";
import { describeWidths } from "../../../src/graph/architectures/layer-widths.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { channelsOf } from "../../../src/graph/pruning/channels.js";
import { widthsAfter } from "../../../src/graph/pruning/cut.js";
import { selectChannels } from "../../../src/graph/pruning/selection.js";
import { elementCount } from "../../../src/graph/tensor-spec.js";
import { cutWeights, type PruningSource } from "../../../src/registry/pruning/pruned-networks.js";
import { writeVariableCheckpoint } from "../../../src/registry/weights/variable-checkpoint.js";
import { startTestEngine } from "../../testkit/engine.js";
import { seededRandom } from "../../testkit/random.js";
import { noiseImages } from "../../testkit/registry-world.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const VGG: NetworkSpec = {
  architecture: "VGG11",
  batchNormalization: true,
  widthMultiplier: 0.25,
  imageSizePixels: 64,
  head: { kind: "GLOBAL_AVERAGE_POOLING", units: 0, dropout: 0 },
  preprocessing: "SCALE_0_1",
  precision: "FLOAT32",
  classCount: 5,
  seed: 3,
};
const FULLY_CONNECTED = { kind: "FULLY_CONNECTED", units: 24, dropout: 0 } as const;

const NETWORKS: Readonly<Record<string, NetworkSpec>> = {
  "VGG11 with batch normalization": VGG,
  "VGG11 without batch normalization, fully connected": {
    ...VGG,
    batchNormalization: false,
    head: FULLY_CONNECTED,
  },
  "VGG16 with batch normalization, fully connected": {
    ...VGG,
    architecture: "VGG16",
    head: FULLY_CONNECTED,
  },
  "ResNet-18": { ...VGG, architecture: "RESNET18" },
  "ResNet-50": { ...VGG, architecture: "RESNET50", widthMultiplier: 0.125 },
};

let engine: EngineHost;
before(async () => {
  engine = await startTestEngine();
});
after(() => engine[Symbol.asyncDispose]());

for (const [title, network] of Object.entries(NETWORKS)) {
  test(`without channels that contribute nothing, ${title} computes the same logits`, async () => {
    await using temporary = await temporaryFolder();
    const channels = channelsOf(shapedLayersOf(network));
    const random = seededRandom(11);
    const scored = channels.groups.map((group) => ({
      ...group,
      scores: Array.from({ length: group.width }, () => random()),
    }));
    const kept = selectChannels(scored, { channels: 0.5, minimumChannels: 2, multipleOf: 4 });
    const layerWidths = describeWidths(network, widthsAfter(channels, kept));
    assert.ok(layerWidths !== null && Object.keys(layerWidths).length > 3);

    // Removed channels have a gamma and a beta of 0, or a filter and a bias of 0.
    const folder = path.join(temporary.folder, "whole");
    const values = randomVariables(network);
    for (const { name: group, width, convolutions } of channels.groups) {
      const removed = Array.from({ length: width }, (_, i) => i).filter((i) => !kept.get(group)!.includes(i));
      for (const { name, normalization } of convolutions) {
        const silenced =
          normalization === null
            ? [`${name}/kernel`, `${name}/bias`]
            : [`${normalization}/gamma`, `${normalization}/beta`];
        for (const variable of silenced) {
          const data = values.get(variable)!;
          for (let first = 0; first < data.length; first += width) {
            for (const channel of removed) data[first + channel] = 0;
          }
        }
      }
    }
    await writeVariableCheckpoint(
      engine,
      networkVariables(network),
      async ({ name }) => values.get(name)!.slice(),
      folder,
    );
    const source = {
      version: { modelName: "whole", number: 1 },
      manifest: { network, classNames: ["a", "b", "c", "d", "e"] },
      folder,
    } as unknown as PruningSource;
    const pruned = { ...network, layerWidths };
    const wanted = { network: pruned, classNames: source.manifest.classNames, epsilon: null };
    const target = path.join(temporary.folder, "pruned");
    const { variables, classes } = await cutWeights(source, kept, wanted, engine, target);
    assert.deepEqual(
      [...variables],
      networkVariables(pruned).map(({ name }) => name),
    );
    assert.equal(classes, null);

    const [before, after] = [await logitsOf(network, folder), await logitsOf(pruned, target)];
    const largest = Math.max(...before.map(Math.abs));
    assert.ok(largest > 0.1, `logits up to ${largest}`);
    for (const [index, logit] of before.entries()) {
      assert.ok(
        Math.abs(logit - after[index]!) <= 1e-5 * Math.max(1, largest),
        `${logit} and ${after[index]}`,
      );
    }
  });
}

/** Values with which signals neither vanish nor explode. */
function randomVariables(network: NetworkSpec): Map<string, Float32Array<ArrayBuffer>> {
  const random = seededRandom(23);
  return new Map(
    networkVariables(network).map(({ name, shape }) => {
      const inputs = elementCount(shape.slice(0, -1));
      const spread = name.endsWith("/kernel") ? Math.sqrt(6 / inputs) : 0.3;
      const middle = name.endsWith("/gamma") || name.endsWith("/moving_variance") ? 1 : 0;
      const data = Float32Array.from({ length: elementCount(shape) }, () => {
        return middle + spread * (2 * random() - 1);
      });
      return [name, data];
    }),
  );
}

async function logitsOf(network: NetworkSpec, folder: string): Promise<readonly number[]> {
  await using session = await engine.openGraph(buildServingGraph(network));
  await restoreCheckpoint(session, folder);
  const { logits } = await session.run("serving_default", { images: noiseImages(4, 64, 9) });
  return Array.from(logits!.data as Float32Array);
}
