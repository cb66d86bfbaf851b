import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_AUGMENTATION } from "../../../src/core/runs/configuration.js";
import { countParameters, type TrainingSpec } from "../../../src/graph/architectures/network-spec.js";
import { buildServingGraph } from "../../../src/graph/architectures/serving-graph.js";
import { buildTrainingGraph } from "../../../src/graph/architectures/training-graph.js";
import { elementCount, formatSpec, type TensorSpec } from "../../../src/graph/tensor-spec.js";
import { PLAIN_TRAINING } from "../../testkit/plain-training.js";
import { decodeSavedModel } from "./decoded-graph.js";
import { PUBLISHED_VGG19 } from "./networks.js";

const TRAINING: TrainingSpec = {
  optimizer: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  learningRate: { kind: "cosine", initial: 1e-3, minimum: 0, warmupEpochs: 1 },
  epochs: 3,
  stepsPerEpoch: 10,
  ...PLAIN_TRAINING,
};

const formatted = (specs: Readonly<Record<string, TensorSpec>>) =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, formatSpec(spec)]));

test("a training graph is called as the trainer expects", () => {
  const { signatures } = buildTrainingGraph(PUBLISHED_VGG19, TRAINING);
  const images = "uint8 [?, 224, 224, 3]";
  const labels = "int32 [?]";
  const found = Object.entries(signatures).map(([name, { inputs, outputs }]) => [
    name,
    { inputs: formatted(inputs), outputs: formatted(outputs) },
  ]);
  assert.deepEqual(Object.fromEntries(found), {
    train_step: {
      inputs: { images, labels },
      outputs: {
        loss: "float32 []",
        top1: "int32 []",
        top5: "int32 []",
        learning_rate: "float32 []",
        global_step: "int64 []",
      },
    },
    eval_step: {
      inputs: { images, labels },
      outputs: { losses: "float32 [?]", ranked: "int32 [?, 5]", probabilities: "float32 [?, 5]" },
    },
    histograms: { inputs: {}, outputs: { statistics: "float32 [38, 4]", counts: "int32 [38, 30]" } },
    predict: {
      inputs: { images },
      outputs: { probabilities: "float32 [?, 1000]", logits: "float32 [?, 1000]" },
    },
    init: { inputs: {}, outputs: { done: "int32 []" } },
    save: { inputs: { prefix: "string []" }, outputs: { prefix: "string []" } },
    restore: { inputs: { prefix: "string []" }, outputs: { done: "int32 []" } },
  });
});

test("micro-batches, augmentation and cached features each add their signatures", () => {
  const signaturesOf = (change: Partial<TrainingSpec>) => {
    const { signatures } = buildTrainingGraph(PUBLISHED_VGG19, { ...TRAINING, ...change });
    return (name: string) => {
      const signature = signatures[name];
      if (signature === undefined) return null;
      return { inputs: formatted(signature.inputs), outputs: formatted(signature.outputs) };
    };
  };
  const [images, labels] = ["uint8 [?, 224, 224, 3]", "int32 [?]"];

  const accumulating = signaturesOf({ accumulation: true });
  assert.equal(accumulating("train_step"), null);
  assert.deepEqual(accumulating("accumulate"), {
    inputs: { images, labels, first: "int32 []", batch_size: "int32 []" },
    outputs: { loss_sum: "float32 []", top1: "int32 []", top5: "int32 []" },
  });
  assert.deepEqual(accumulating("apply"), {
    inputs: {},
    outputs: { learning_rate: "float32 []", global_step: "int64 []" },
  });
  assert.deepEqual(accumulating("reset"), { inputs: {}, outputs: { done: "int32 []" } });

  const changing = signaturesOf({ augmentation: { ...NO_AUGMENTATION, horizontalFlip: true } });
  const drawn = { images, samples: "int32 [?]", epoch: "int32 []" };
  assert.deepEqual(changing("augment"), { inputs: drawn, outputs: { pixels: "int32 [?, 224, 224, 3]" } });
  assert.deepEqual(changing("train_step")?.inputs, { ...drawn, labels });
  assert.deepEqual(changing("eval_step")?.inputs, { images, labels }, "evaluation sees images as they are");

  const caching = signaturesOf({ frozenStages: 5, cachedFeatures: true });
  const features = `int32 [?, ${7 * 7 * 512}]`;
  assert.deepEqual(caching("features"), { inputs: { images }, outputs: { features } });
  assert.deepEqual(caching("train_step")?.inputs, { features, labels });
  assert.deepEqual(caching("eval_step")?.inputs, { features, labels });
  assert.deepEqual(caching("predict")?.inputs, { images });

  const tuning = signaturesOf({ importedVariables: ["block1_conv1/kernel"] });
  assert.deepEqual(tuning("import"), { inputs: { prefix: "string []" }, outputs: { done: "int32 []" } });

  const [teacher, teacher_logits] = [teacherOf(false), "float32 [?, 1000]"];
  const distilling = signaturesOf({ distillation: DISTILLATION, teacher });
  assert.deepEqual(distilling("teacher"), tuning("import"));
  assert.deepEqual(distilling("train_step")?.inputs, { images, labels });
  const fed = signaturesOf({ distillation: DISTILLATION, teacher: teacherOf(true) });
  assert.equal(fed("teacher"), null);
  assert.deepEqual(fed("train_step")?.inputs, { images, labels, teacher_logits });
  assert.deepEqual(fed("eval_step")?.inputs, { images, labels });
});

const DISTILLATION = {
  teacher: "flowers:1",
  kind: "KNOWLEDGE",
  temperature: 4,
  weight: 0.9,
  beta: 8,
} as const;

function teacherOf(cachedLogits: boolean, classCount = 1000): TrainingSpec["teacher"] {
  const network = { ...PUBLISHED_VGG19, architecture: "VGG11", classCount } as const;
  return { network, classPositions: Array.from({ length: classCount }, (_, i) => i), cachedLogits };
}

test("a teacher with other classes, without images, or with logits of images that change is refused", () => {
  const changes: readonly Partial<TrainingSpec>[] = [
    { teacher: teacherOf(false, 999) },
    { teacher: teacherOf(false), frozenStages: 5, cachedFeatures: true },
    { teacher: teacherOf(true), augmentation: { ...NO_AUGMENTATION, horizontalFlip: true } },
  ];
  for (const change of changes) {
    const training = { ...TRAINING, ...change, distillation: DISTILLATION };
    assert.throws(() => buildTrainingGraph(PUBLISHED_VGG19, training), { code: "TRAINING_INVALID" });
  }
});

test("imported variables are read whole, and those of the last layer by class where classes differ", () => {
  const restoresOf = (change: Partial<TrainingSpec>): number[] =>
    decodeSavedModel(buildTrainingGraph(PUBLISHED_VGG19, { ...TRAINING, ...change }).bytes)
      .nodes.filter(({ name, op }) => op === "RestoreV2" && name.startsWith("import/"))
      .map(({ attributes }) => attributes.get("dtypes")?.getList()?.getTypeList().length ?? 0);
  const predictions = ["predictions/kernel", "predictions/bias"];
  const importedClasses = { sourceCount: 3, positions: Array.from({ length: 1000 }, () => null) };
  assert.deepEqual(restoresOf({ importedVariables: ["fc1/kernel", ...predictions] }), [3]);
  assert.deepEqual(
    restoresOf({ importedVariables: ["fc1/kernel", ...predictions], importedClasses }),
    [1, 2],
  );
  // TensorFlow refuses to read nothing.
  assert.deepEqual(restoresOf({ importedVariables: predictions, importedClasses }), [2]);
  assert.deepEqual(restoresOf({ importedVariables: ["fc1/kernel"], importedClasses }), [1]);
});

test("a graph is plain data that survives being sent to another thread", () => {
  const graph = buildServingGraph(PUBLISHED_VGG19);
  assert.deepEqual(structuredClone(graph), graph);
});

test("a serving graph holds the network's variables and no more, under the names of training", () => {
  const serving = buildServingGraph(PUBLISHED_VGG19);
  const training = buildTrainingGraph(PUBLISHED_VGG19, TRAINING);
  const parameters = serving.variables.reduce((total, { shape }) => total + elementCount(shape), 0);
  assert.equal(parameters, countParameters(PUBLISHED_VGG19));
  assert.deepEqual(training.variables.slice(0, serving.variables.length), serving.variables);
  assert.deepEqual(Object.keys(serving.signatures).sort(), ["init", "restore", "save", "serving_default"]);
});

for (const precision of ["FLOAT32", "MIXED_BFLOAT16"] as const) {
  test(`in ${precision} a training step reads every weight once and converts none needlessly`, () => {
    const network = { ...PUBLISHED_VGG19, batchNormalization: true, precision };
    const nodes = decodeSavedModel(buildTrainingGraph(network, TRAINING).bytes).nodes;
    const step = nodes.filter(({ name }) => /^(gradients\/)?train\//.test(name));
    const count = (op: string) => step.filter((node) => node.op === op).length;

    // 16 kernels with four figures of normalization each, 3 dense kernels and biases, the step.
    assert.equal(count("ReadVariableOp"), 16 * 5 + 3 * 2 + 1 + 1);
    assert.equal(count("Conv2DBackpropFilter"), 16);
    assert.equal(count("Conv2DBackpropInput"), 15, "the images need no gradient");
    assert.equal(count("ReluGrad"), 18);
    // Computed in bf16: 16 kernels without biases, kernel and bias of fc1 and fc2; not the logits.
    const converted = precision === "FLOAT32" ? 0 : 16 + 2 * 2;
    const casts = step.filter(({ op, name }) => op === "Cast" && /\/(kernel|bias)\/Cast\b/.test(name));
    assert.equal(casts.filter(({ name }) => name.startsWith("train/")).length, converted);
    // The gradients of the kernels of fc1 and fc2 are computed in float32.
    const widened = Math.max(0, converted - 2);
    assert.equal(casts.filter(({ name }) => name.startsWith("gradients/")).length, widened);
  });
}

test("the step counter changes after all updates, and the outputs of a step wait for it", () => {
  const nodes = decodeSavedModel(buildTrainingGraph(PUBLISHED_VGG19, TRAINING).bytes).nodes;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const updates = nodes.filter(({ op }) => op === "ResourceApplyAdam").map(({ name }) => `^${name}`);
  assert.equal(updates.length, 38);
  const advance = byName.get("train/step/Advance")!;
  assert.deepEqual(new Set(advance.inputs.filter((input) => input.startsWith("^"))), new Set(updates));
  for (const output of ["loss", "top1", "top5", "learning_rate"]) {
    assert.ok(byName.get(`train/${output}`)!.inputs.includes("^train/step/Advance"), output);
  }
});

test("a float32 weight is updated only after the backward pass has read it", () => {
  const nodes = decodeSavedModel(buildTrainingGraph(PUBLISHED_VGG19, TRAINING).bytes).nodes;
  const update = nodes.find(({ name }) => name === "train/update/block2_conv1/kernel/ResourceApplyAdam")!;
  assert.ok(
    update.inputs.some((input) => /^\^gradients\/.*block2_conv1.*Conv2DBackpropInput$/.test(input)),
    update.inputs.join("\n"),
  );
});

test("a training without steps is refused", () => {
  for (const change of [{ epochs: 0 }, { stepsPerEpoch: 0 }, { stepsPerEpoch: 1.5 }]) {
    assert.throws(() => buildTrainingGraph(PUBLISHED_VGG19, { ...TRAINING, ...change }), {
      code: "TRAINING_INVALID",
    });
  }
});
