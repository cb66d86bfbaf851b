import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import type { RunConfigurationInput } from "../../../src/core/runs/configuration.js";
import type { EngineHost } from "../../../src/engine/engine-host.js";
import { countParameters, networkOfRun } from "../../../src/graph/architectures/network-spec.js";
import { InitialWeights } from "../../../src/registry/initial-weights.js";
import { ModelRegistry } from "../../../src/registry/model-registry.js";
import { ModelStore } from "../../../src/registry/model-store.js";
import { PrunedNetworks } from "../../../src/registry/pruning/pruned-networks.js";
import { Teachers } from "../../../src/registry/teachers.js";
import { TrainedRunStore } from "../../../src/registry/trained-run-store.js";
import { prunedNetworkOf } from "../../../src/training/record/pruned-network.js";
import type { RunRecord } from "../../../src/training/record/run-records.js";
import { trainingOver } from "../../postgres/training/training-stores.js";
import { startTestEngine } from "../../testkit/engine.js";
import { RANDOM_WEIGHTS } from "../../testkit/files/random-weights.js";
import { testLog } from "../../testkit/postgres/database.js";
import {
  epochDone,
  finalDigest,
  follow,
  openTrainingWorld,
  runNow,
  TINY,
  type TrainingWorld,
} from "./training-world.js";

const NETWORK: RunConfigurationInput = {
  ...TINY,
  batchNormalization: true,
  widthMultiplier: 0.25,
  head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0 },
};
/** 16, 32, 64, 64, 128, 128, 128 and 128 filters; half of all are 344. */
const FILTERS = 688;
const PRUNING = { from: "tiny:1", channels: 0.5 };

let world: TrainingWorld;
let engine: EngineHost;
let registry: ModelRegistry;
let models: ModelStore;
let prunedNetworks: PrunedNetworks;

before(async () => {
  world = await openTrainingWorld();
  engine = await startTestEngine();
  const { database, homeFolder } = world;
  models = new ModelStore(database);
  const runs = new TrainedRunStore(database);
  registry = new ModelRegistry({ models, runs, host: engine, homeFolder, log: testLog });
  prunedNetworks = new PrunedNetworks({ models, registry });
  const { id } = await world.launchTiny({ ...NETWORK, sparsity: 1e-3 });
  await finish(id);
  await register("tiny", id);
});
after(async () => {
  await engine[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

function launch(configuration: RunConfigurationInput): Promise<RunRecord> {
  const launcher = trainingOver(
    world.database,
    RANDOM_WEIGHTS,
    { hasGpu: false },
    new Teachers(models, registry),
    prunedNetworks,
  );
  return launcher.launch({ dataset: "drawn", configuration: { ...NETWORK, ...configuration } });
}

async function finish(id: string): Promise<RunRecord> {
  await using _trainer = await world.startTrainer({ prunedNetworks, initialWeights: initialWeights() });
  await follow(world, id);
  const run = await runNow(world, id);
  assert.equal(run.state, "SUCCEEDED", run.endDetail ?? "");
  return run;
}

async function register(model: string, runId: string): Promise<void> {
  await registry.register({ model, runId, description: null, idempotencyKey: null });
}

/** Of model versions alone. */
function initialWeights(): InitialWeights {
  return new InitialWeights({ models, registry } as ConstructorParameters<typeof InitialWeights>[0]);
}

test("a run that keeps no weights trains the smaller network from random ones", async () => {
  const pruning = { ...PRUNING, criterion: "L1_NORM", keepsWeights: false } as const;
  const kept = await finish((await launch({ pruning: { ...pruning, keepsWeights: true }, epochs: 1 })).id);
  const launched = await launch({ pruning, epochs: 1 });
  assert.equal(launched.initialization, null);
  const control = await finish(launched.id);
  assert.deepEqual(control.layerWidths, kept.layerWidths);
  assert.notEqual(await finalDigest(world, control.id), await finalDigest(world, kept.id));
});

for (const criterion of ["BATCH_NORM_SCALE", "L1_NORM", "TAYLOR"] as const) {
  test(`a run that prunes by ${criterion} trains a network with half of the filters`, async () => {
    const launched = await launch({ pruning: { ...PRUNING, criterion } });
    assert.deepEqual(
      [launched.layerWidths, launched.configuration.pruning?.from, launched.initialization?.source],
      [null, "tiny:1", "tiny:1"],
    );
    const { layerWidths, configuration, parameterCount, id } = await finish(launched.id);
    assert.ok(layerWidths);
    const pruned = prunedNetworkOf({ configuration, layerWidths });
    assert.ok(pruned);
    assert.equal(pruned.channelsBefore, FILTERS);
    // A step is 16 filters, and 344 is no multiple of it; of two that are equally close, the run takes the larger.
    assert.equal(pruned.removed, 352 / FILTERS);
    for (const { channels, channelsBefore } of pruned.layers) {
      assert.ok(channels < channelsBefore && channels % 16 === 0);
    }
    const network = networkOfRun(configuration, 2, "FLOAT32", layerWidths);
    assert.equal(parameterCount, countParameters(network));
    assert.ok(parameterCount < launched.parameterCount / 2);
    // The weights from which it started are removed.
    const files = await readdir(path.join(world.homeFolder, "runs", id));
    assert.deepEqual(
      files.filter((name) => name.startsWith("pruned")),
      [],
    );
  });
}

test("a killed pruned run ends with the same network and bytes as an undisturbed one", async () => {
  const pruning = { ...PRUNING, criterion: "TAYLOR" } as const;
  const undisturbed = await finish((await launch({ pruning, epochs: 8 })).id);
  const { id } = await launch({ pruning, epochs: 8 });
  {
    await using _child = world.startTrainerInChild();
    await follow(world, id, epochDone(2));
  }
  const widths = (await runNow(world, id)).layerWidths;
  assert.ok(widths);
  const finished = await finish(id);
  assert.equal(finished.attempt, 2);
  assert.deepEqual([finished.layerWidths, widths], [undisturbed.layerWidths, undisturbed.layerWidths]);
  assert.equal(await finalDigest(world, id), await finalDigest(world, undisturbed.id));
});

test("a run that was killed before its first checkpoint starts again from the same channels", async () => {
  const pruning = { ...PRUNING, criterion: "L1_NORM" } as const;
  const undisturbed = await finish((await launch({ pruning })).id);
  const { id } = await launch({ pruning });
  {
    await using _child = world.startTrainerInChild();
    await follow(world, id, (event) => event.kind === "RunStateChanged" && event.to === "RUNNING");
  }
  const kept = await world.attempts.keptChannels(id);
  assert.ok(kept);
  await rm(path.join(world.homeFolder, "runs", id, "checkpoints"), { recursive: true, force: true });
  await finish(id);
  assert.deepEqual(await world.attempts.keptChannels(id), kept);
  assert.equal(await finalDigest(world, id), await finalDigest(world, undisturbed.id));
});

test("the same seed prunes the same channels by TAYLOR, another seed measures other images", async () => {
  const pruning = { ...PRUNING, criterion: "TAYLOR", multipleOf: 1 } as const;
  const runs = [await launch({ pruning }), await launch({ pruning }), await launch({ pruning, seed: 99 })];
  const kept = [];
  for (const { id } of runs) {
    await finish(id);
    kept.push(await world.attempts.keptChannels(id));
  }
  assert.deepEqual(kept[0], kept[1]);
  assert.notDeepEqual(kept[0], kept[2]);
});

test("a pruned run is registered with its widths, starts other runs, and is pruned again", async () => {
  const first = await finish((await launch({ pruning: { ...PRUNING, criterion: "L1_NORM" } })).id);
  await register("half", first.id);
  const version = await models.findVersionByRef("half:1");
  assert.ok(version);
  assert.equal(version.parameterCount, first.parameterCount);
  const { manifest } = await registry.read(version);
  assert.deepEqual(manifest.network.layerWidths, first.layerWidths);
  {
    await using session = await registry.open(version);
    const images = { dtype: "uint8", shape: [1, 32, 32, 3], data: new Uint8Array(32 * 32 * 3) } as const;
    const { probabilities } = await session.run("serving_default", { images });
    assert.equal(probabilities?.data.length, 2);
  }

  const launcher = trainingOver(
    world.database,
    initialWeights(),
    { hasGpu: false },
    new Teachers(models, registry),
    prunedNetworks,
  );
  const tuned = await launcher.launch({
    dataset: "drawn",
    configuration: { ...NETWORK, initialization: { modelVersion: "half:1" }, epochs: 1 },
  });
  assert.deepEqual([tuned.layerWidths, tuned.parameterCount], [first.layerWidths, first.parameterCount]);
  assert.equal((await finish(tuned.id)).parameterCount, first.parameterCount);

  const again = await launch({ pruning: { from: "half:1", channels: 0.3, criterion: "BATCH_NORM_SCALE" } });
  const { configuration, layerWidths } = await finish(again.id);
  const [before, after] = [first, { configuration, layerWidths }].map((run) => prunedNetworkOf(run));
  assert.ok(before && after);
  assert.equal(after.channelsBefore, FILTERS);
  assert.ok(Math.abs(1 - after.channels / before.channels - 0.3) <= 8 / before.channels);
});

test("a run that prunes keeps the classes of the same name, whatever their order", async () => {
  const version = await models.findVersionByRef("tiny:1");
  assert.ok(version);
  const source = await prunedNetworks.open({
    ...PRUNING,
    criterion: "L1_NORM",
    minimumChannels: 8,
    multipleOf: 16,
    keepsWeights: true,
  });
  assert.deepEqual(source.manifest.classNames, ["blue", "red"]);
  const { initialization } = await launch({ pruning: PRUNING });
  assert.deepEqual(initialization?.classes?.copied, ["blue", "red"]);
});

for (const [title, configuration, message] of [
  [
    "of another architecture",
    { architecture: "VGG13" },
    /tiny:1 has architecture VGG11. Received architecture VGG13/,
  ],
  [
    "of another width and head",
    { widthMultiplier: 0.5, head: { kind: "FULLY_CONNECTED", units: 16 } },
    /tiny:1 has widthMultiplier 0.25, head.kind GLOBAL_AVERAGE_POOLING. Received widthMultiplier 0.5, head.kind FULLY/,
  ],
  ["without batch normalization", { batchNormalization: false }, /tiny:1 has batchNormalization true/],
  [
    "together with other first weights",
    { initialization: { modelVersion: "tiny:1" } },
    /starts from the weights of the version that it prunes, "tiny:1". Leave out pruning or initialization/,
  ],
  [
    "that leaves nothing to remove",
    { pruning: { ...PRUNING, multipleOf: 256 } },
    /With minimumChannels 8 and multipleOf 256, no convolution of the network can become narrower/,
  ],
] as const satisfies readonly (readonly [string, RunConfigurationInput, RegExp])[]) {
  test(`a launch refuses to prune a network ${title}`, async () => {
    await assert.rejects(launch({ pruning: PRUNING, ...configuration }), {
      code: "CONFIGURATION_INVALID",
      message,
    });
  });
}

test("a launch refuses to rank by scales what has none, and a version that does not exist", async () => {
  const { id } = await world.launchTiny({ ...NETWORK, batchNormalization: false, epochs: 1 });
  await finish(id);
  await register("plain", id);
  const pruning = { from: "plain:1", channels: 0.5, criterion: "BATCH_NORM_SCALE" } as const;
  await assert.rejects(launch({ batchNormalization: false, pruning }), {
    code: "CONFIGURATION_INVALID",
    message: /pruning.criterion must be L1_NORM or TAYLOR for a network without batch normalization/,
    path: ["configuration", "pruning", "criterion"],
  });
  await assert.rejects(launch({ pruning: { ...PRUNING, from: "tiny@champion" } }), {
    code: "MODEL_VERSION_NOT_FOUND",
    path: ["configuration", "pruning", "from"],
  });
  // It is pruned by its filters.
  const run = await finish(
    (await launch({ batchNormalization: false, pruning: { ...pruning, criterion: "TAYLOR" } })).id,
  );
  assert.ok(run.layerWidths);
});

test("a launch warns when the limits let fewer channels be removed than were asked for", async () => {
  const { id } = await launch({ pruning: { ...PRUNING, channels: 0.95 } });
  const warnings = (await world.events.warningsOf([id])).get(id) ?? [];
  assert.ok(
    warnings.some(
      (each) => each.kind === "RunWarning" && /channels is 0.95: .* let at most 81.4 %/.test(each.message),
    ),
    JSON.stringify(warnings),
  );
});

test("a run learns from the version that it prunes, and the pruned version teaches another run", async () => {
  const distillation = { teacher: "tiny:1" };
  const { id } = await launch({ pruning: PRUNING, distillation });
  const { layerWidths, configuration } = await finish(id);
  assert.ok(layerWidths);
  assert.deepEqual([configuration.pruning?.from, configuration.distillation?.teacher], ["tiny:1", "tiny:1"]);
  await register("pruned-student", id);
  for (const augmentation of [null, { horizontalFlip: true }]) {
    const student = await launch({ augmentation, distillation: { teacher: "pruned-student:1" } });
    await finish(student.id);
  }
});
