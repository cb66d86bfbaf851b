import assert from "node:assert/strict";
import { test } from "node:test";
import { graphql } from "../../../src/client/generated/gql.js";
import type { LaunchRunInput, RunConfigurationInput } from "../../../src/client/generated/graphql.js";
import { importFlowers, uploadBytes } from "../../testkit/api/flower-job.js";
import type { GraphqlClient } from "../../testkit/api/graphql-client.js";
import { startTestServer } from "../../testkit/api/server.js";

/** Invalid configurations, with the path of the fault and the code of the error. */
const WRONG: readonly (readonly [configuration: object, path: string, code?: string])[] = [
  [{ optimizer: { adamW: { beta1: 1 } } }, "optimizer.adamW.beta1"],
  [{ optimizer: { adamW: { epsilon: 0 } } }, "optimizer.adamW.epsilon"],
  [rate("exponentialDecay", { initial: 0, decayEpochs: 1, decayRate: 0.5 }), within("initial")],
  [rate("exponentialDecay", { initial: 1, decayEpochs: 0, decayRate: 0.5 }), within("decayEpochs")],
  [rate("exponentialDecay", { initial: 1, decayEpochs: 1, decayRate: 1.5 }), within("decayRate")],
  [
    rate("exponentialDecay", { initial: 1, decayEpochs: 1, decayRate: 1, warmupEpochs: 10 }),
    within("warmupEpochs"),
  ],
  [rate("step", { initial: 1, dropEveryEpochs: 0 }), "learningRate.step.dropEveryEpochs"],
  [rate("step", { initial: 1, dropEveryEpochs: 1, factor: 0 }), "learningRate.step.factor"],
  [{ augmentation: { rotationDegrees: 181 } }, "augmentation.rotationDegrees"],
  [{ augmentation: { widthShift: -0.1 } }, "augmentation.widthShift"],
  [{ augmentation: { heightShift: 1.1 } }, "augmentation.heightShift"],
  [{ augmentation: { zoom: 1 } }, "augmentation.zoom"],
  [{ augmentation: { brightness: 2 } }, "augmentation.brightness"],
  [{ augmentation: { contrast: -1 } }, "augmentation.contrast"],
  [{ frozenBlocks: 6 }, "frozenBlocks"],
  [{ frozenBlocks: -1 }, "frozenBlocks"],
  [{ weightDecay: -0.1 }, "weightDecay"],
  [{ gradientClipNorm: 0 }, "gradientClipNorm"],
  [{ labelSmoothing: 1 }, "labelSmoothing"],
  [{ accumulationSteps: 0 }, "accumulationSteps"],
  [{ batchSize: 8, accumulationSteps: 9 }, "accumulationSteps"],
  [{ classWeights: { weights: [1, 2] } }, "classWeights.weights"],
  [{ classWeights: { weights: [1, 1, 0, 1, 1] } }, "classWeights.weights.2"],
  [
    { initialization: { modelVersion: "nothing:1" } },
    "initialization.modelVersion",
    "MODEL_VERSION_NOT_FOUND",
  ],
  [{ initialization: { uploadId: "upl_1" } }, "initialization.uploadId", "UPLOAD_NOT_FOUND"],
];

const LAUNCH = graphql(`mutation TrainingSettingsLaunch($input: LaunchRunInput!) {
  launchRun(input: $input) { run { id } userErrors { code message path } }
}`);

test("invalid settings are refused at launch with their path and the received value", async (t) => {
  await using server = await startTestServer();
  const dataset = await importFlowers(server);
  const launch = (configuration: object) => launchWrong(server.editor, dataset, configuration);

  for (const [configuration, path, code = "CONFIGURATION_INVALID"] of WRONG) {
    await t.test(JSON.stringify(configuration), async () => {
      const error = await launch(configuration);
      assert.deepEqual([error.code, error.path], [code, ["configuration", ...path.split(".")]]);
      assert.match(error.message, /Received .+\.$|"nothing:1"|"upl_1"/);
    });
  }

  await t.test("half precision is refused without a GPU", async (t) => {
    if (server.services.engine.info.devices.some(({ kind }) => kind === "GPU"))
      return t.skip("this machine has a GPU");
    const { code, path } = await launch({ precision: "MIXED_FLOAT16" });
    assert.deepEqual([code, path], ["PRECISION_UNSUPPORTED", ["configuration", "precision"]]);
  });

  await t.test("a file without weights is refused", async () => {
    const uploadId = await uploadBytes(server, Buffer.from("not weights"));
    const { code, path } = await launch({ initialization: { uploadId } });
    assert.deepEqual([code, path], ["WEIGHTS_INVALID", ["configuration", "initialization", "uploadId"]]);
  });

  await t.test("two alternatives at once are refused before any other check", async () => {
    for (const configuration of [
      { initialization: { modelVersion: "a:1", uploadId: "upl_1" } },
      { classWeights: { balanced: true, weights: [1] } },
      { optimizer: { adam: {}, adamW: {} } },
      { learningRate: { step: { initial: 1, dropEveryEpochs: 1 }, constant: { initial: 1 } } },
    ]) {
      const { data, errors } = await server.editor.send(LAUNCH, inputOf(dataset, configuration));
      assert.equal(data?.launchRun, undefined);
      assert.equal(errors?.[0]?.extensions.code, "BAD_USER_INPUT");
      assert.match(errors?.[0]?.message ?? "", /[Ee]xactly one/);
    }
  });

  await t.test("no run was launched", async () => {
    assert.deepEqual(await server.viewer.ask('{ experiment(name: "wrong") { id } }'), { experiment: null });
  });
});

function rate(kind: string, schedule: object): object {
  return { learningRate: { [kind]: schedule } };
}

function within(field: string): string {
  return `learningRate.exponentialDecay.${field}`;
}

/** A small network, so that nothing but the setting under test is refused. */
function inputOf(dataset: string, configuration: object): { input: LaunchRunInput } {
  const network = { architecture: "VGG11", widthMultiplier: 0.0625, imageSizePixels: 32 };
  // Some settings have the wrong type on purpose.
  const wrong = { ...network, ...configuration } as RunConfigurationInput;
  return { input: { experiment: "wrong", dataset, configuration: wrong } };
}

/** @returns the one mistake that a launch answers with */
async function launchWrong(editor: GraphqlClient, dataset: string, configuration: object) {
  const { launchRun } = await editor.ask(LAUNCH, inputOf(dataset, configuration));
  assert.equal(launchRun.run, null);
  const [error, ...others] = launchRun.userErrors;
  assert.ok(error !== undefined && others.length === 0);
  return error;
}
