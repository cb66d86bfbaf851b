import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Session } from "../../../src/engine/session.js";
import { networkVariables, shapedLayersOf } from "../../../src/graph/architectures/layer-table.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { channelsOf, type GroupedConvolution } from "../../../src/graph/pruning/channels.js";
import { buildImportanceGraph } from "../../../src/graph/pruning/importance-graph.js";
import { writeVariableCheckpoint } from "../../../src/registry/weights/variable-checkpoint.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";
import { images, labels, TINY_NETWORK } from "../graph/tiny-network.js";
import { TrainingBench } from "../graph/training-sessions.js";

const NO_IMPORTS = { importedVariables: [], importedClasses: null };
/** Relative change of a channel's scale for finite differences. */
const STEP = 0.002;

let bench: TrainingBench;
before(async () => {
  bench = await TrainingBench.open();
});
after(() => bench[Symbol.asyncDispose]());

const ENDS_OF_VGG = ["block1_conv1", "block5_conv2"];

// Behind many small normalizations, the loss curves too much for finite differences in float32.
for (const [title, network, measured] of [
  ["VGG11 with batch normalization", TINY_NETWORK, ENDS_OF_VGG],
  ["VGG11 without batch normalization", { ...TINY_NETWORK, batchNormalization: false }, ENDS_OF_VGG],
  [
    "ResNet-18",
    { ...TINY_NETWORK, architecture: "RESNET18" },
    ["conv5_block1_0_conv", "conv5_block2_2_conv"],
  ],
] as const satisfies readonly (readonly [string, NetworkSpec, readonly string[]])[]) {
  test(`contributions are the change of the loss with a channel's scale, by finite differences (${title})`, async () => {
    // Weights that learned a little, so that gamma and beta are not all 1 and 0.
    const started = await bench.start(network);
    await using session = started.session;
    for (let step = 0; step < 5; step++)
      await session.run("train_step", { images: images(8), labels: labels(8) });
    const values = await bench.values(started);

    await using measuring = await bench.engine.openGraph(buildImportanceGraph(network, NO_IMPORTS));
    await bench.restore(measuring, (await bench.save(session)).folder);
    const found = await measuring.run("contributions", { images: images(8), labels: labels(8) });

    const { groups } = channelsOf(shapedLayersOf(network));
    const convolutions = groups.flatMap((group) => group.convolutions);
    assert.deepEqual(Object.keys(found).sort(), convolutions.map(({ name }) => name).sort());
    await using losses = await Losses.open(network);
    for (const convolution of convolutions.filter(({ name }) => measured.some((each) => each === name))) {
      const contributions = found[convolution.name]!.data as Float32Array;
      for (const channel of [0, 1]) {
        const [above, below] = [
          await losses.with(scaled(values, convolution, channel, 1 + STEP)),
          await losses.with(scaled(values, convolution, channel, 1 - STEP)),
        ];
        const expected = (above - below) / (2 * STEP);
        const difference = Math.abs(contributions[channel]! - expected);
        const message = `${convolution.name} ${channel}: ${contributions[channel]} instead of ${expected}`;
        assert.ok(difference <= 0.03 * Math.abs(expected) + 3e-4, message);
      }
    }
  });
}

/** Variables in which the output of one channel is multiplied. */
function scaled(
  values: ReadonlyMap<string, Float32Array>,
  { name, normalization }: GroupedConvolution,
  channel: number,
  factor: number,
): ReadonlyMap<string, Float32Array> {
  const changed = new Map(Array.from(values, ([variable, data]) => [variable, data.slice()]));
  const roles =
    normalization === null
      ? [`${name}/kernel`, `${name}/bias`]
      : [`${normalization}/gamma`, `${normalization}/beta`];
  const width = values.get(roles[1]!)!.length;
  for (const role of roles) {
    const data = changed.get(role)!;
    for (let index = channel; index < data.length; index += width) data[index]! *= factor;
  }
  return changed;
}

/** Losses of training steps before they change anything, with which batches are normalized by themselves. */
class Losses implements AsyncDisposable {
  private constructor(
    private readonly network: NetworkSpec,
    private readonly session: Session,
  ) {}

  static async open(network: NetworkSpec): Promise<Losses> {
    const importedVariables = networkVariables(network).map(({ name }) => name);
    const optimizer = { kind: "sgd", momentum: 0, nesterov: false } as const;
    const { session } = await bench.start(network, { optimizer, importedVariables });
    return new Losses(network, session);
  }

  async with(values: ReadonlyMap<string, Float32Array>): Promise<number> {
    await using temporary = await temporaryFolder();
    const folder = path.join(temporary.folder, "scaled");
    const read = async ({ name }: { readonly name: string }) => Float32Array.from(values.get(name)!);
    await writeVariableCheckpoint(bench.engine, networkVariables(this.network), read, folder);
    const prefix = path.join(folder, "variables");
    await this.session.run("import", { prefix: { dtype: "string", shape: [], data: [prefix] } });
    const { loss } = await this.session.run("train_step", { images: images(8), labels: labels(8) });
    return Number(loss!.data[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session[Symbol.asyncDispose]();
  }
}
