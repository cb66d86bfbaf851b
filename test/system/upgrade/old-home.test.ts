import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { describeProcessor } from "../../fixtures/home-0.1/processor.js";
import { control, followRun } from "../../fixtures/home-0.1/steps.js";
import type { GraphqlClient } from "../../testkit/api/graphql-client.js";
import {
  type Classification,
  type Machine,
  type OldHomeGolden,
  type RunOutcome,
  restoreOldHome,
} from "../../testkit/old-home.js";

test("a database and a home folder made by version 0.1 open, answer and go on as before", async (t) => {
  await using home = await restoreOldHome();
  const { golden } = home;
  const { ids } = golden;

  {
    // As when the answers were recorded: the run that waits in the queue stays there.
    await using server = await home.start({ ESPALIER_TRAIN: "off" });
    const { admin } = server;

    await t.test("every query and every replay of events gives the same answer as version 0.1", async () => {
      for (const { document, variables, data } of golden.answers) {
        const actual = document.startsWith("subscription")
          ? await replay(admin, document, variables)
          : await admin.ask(document, variables);
        const question = `${document}\nvariables ${JSON.stringify(variables)}`;
        assert.deepEqual(comparable(actual), comparable(data), question);
      }
    });

    await t.test(
      "a request with an idempotency key from version 0.1 returns the object that it created",
      async () => {
        for (const { document, variables, data } of golden.requests) {
          assert.deepEqual(await admin.ask(document, { ...variables }), data);
          const changed = { input: { ...variables.input, ...otherThan(variables.input) } };
          const [payload] = Object.values(
            await admin.ask<Record<string, { userErrors: { code: string }[] }>>(document, changed),
          );
          assert.deepEqual(
            payload?.userErrors.map(({ code }) => code),
            ["IDEMPOTENCY_KEY_REUSED"],
            JSON.stringify(changed),
          );
        }
      },
    );

    await t.test("files of runs have the recorded bytes, and images can be downloaded", async () => {
      const { runs } = await admin.ask<{ runs: { nodes: { artifacts: Artifact[] }[] } }>(
        "{ runs { nodes { artifacts { sha256 sizeBytes url } } } }",
      );
      const artifacts = runs.nodes.flatMap((run) => run.artifacts);
      assert.ok(artifacts.length > 10);
      for (const { sha256, sizeBytes, url } of artifacts) {
        const bytes = await (await admin.fetch(url)).bytes();
        assert.deepEqual([digest(bytes), bytes.length], [sha256, sizeBytes], url);
      }
      const { datasetVersion } = await admin.ask<{
        datasetVersion: { samples: { nodes: { imageUrl: string }[] } };
      }>('{ datasetVersion(ref: "shapes:2") { samples { nodes { imageUrl } } } }');
      for (const { imageUrl } of datasetVersion.samples.nodes) {
        assert.equal((await admin.fetch(imageUrl)).status, 200, imageUrl);
      }
    });
  }

  await using server = await home.start();
  const { admin } = server;
  const { machine, machineDocument, outcomes, outcomeDocument } = golden.afterwards;
  const here = {
    ...(await admin.ask<Machine & Record<string, never>>(machineDocument)),
    processor: await describeProcessor(),
  };
  const outcomeOf = async (id: string): Promise<RunOutcome> =>
    (await admin.ask<{ run: RunOutcome }>(outcomeDocument, { id })).run;
  const compare = async (name: keyof OldHomeGolden["afterwards"]["outcomes"]): Promise<void> => {
    const [actual, expected] = [await outcomeOf(ids[name]), outcomes[name]];
    const sameMachine =
      JSON.stringify(here) === JSON.stringify(machine) &&
      JSON.stringify(actual.environment) === JSON.stringify(expected.environment);
    assertClose(learned(actual), learned(expected), sameMachine ? SAME_MACHINE_TOLERANCE : undefined);
  };

  await t.test("the queued run is trained with the same results", async () => {
    await followRun(admin, ids.queuedRun);
    await compare("queuedRun");
  });

  await t.test(
    "the run that was paused inside an epoch continues and ends with the same results",
    async () => {
      await control(admin, "resumeRun", ids.pausedRun);
      await followRun(admin, ids.pausedRun);
      await compare("pausedRun");
    },
  );

  await t.test("the run that had succeeded is extended by an epoch", async () => {
    await control(admin, "extendRun", ids.tunedRun, ", epochs: 3");
    await followRun(admin, ids.tunedRun);
    await compare("tunedRun");
  });

  await t.test("the alias classifies with the same probabilities", async () => {
    const { document, variables, data } = golden.afterwards.classification;
    const { classify } = await admin.ask<{ classify: Classification }>(document, variables);
    assertClose(classify, data.classify, 1e-5);
  });

  await t.test("the announced upload accepts its bytes, and a version is registered", async () => {
    const body = Buffer.from("bytes that came late");
    const response = await admin.fetch(`/uploads/${ids.openUpload}`, { method: "PUT", body });
    assert.equal(response.status, 200);
    const { registerModelVersion } = await admin.ask<{ registerModelVersion: object }>(
      `mutation Register($id: ID!) { registerModelVersion(input: { model: "shapes", runId: $id }) {
         modelVersion { ref } userErrors { code }
       } }`,
      { id: ids.pausedRun },
    );
    assert.deepEqual(registerModelVersion, { modelVersion: { ref: "shapes:3" }, userErrors: [] });
  });
});

interface Artifact {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly url: string;
}

/** All events of a subscription until it ends. */
async function replay(
  client: GraphqlClient,
  document: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const { data, errors } of client.follow(document, variables)) {
    assert.equal(errors, undefined);
    results.push(data);
  }
  return results;
}

/** Fields whose values may differ from those of version 0.1, by name or by path, each with the reason. */
const INTENDED_DIFFERENCES: Readonly<Record<string, string>> = {
  cursor: "Cursors are opaque. The test asks with those of version 0.1, which must still work.",
  endCursor: "The same.",
  "modelVersion.metrics":
    "They are of the version's epoch. Version 0.1 gave those of other epochs of its run.",
  "compareRuns.metrics.bestRun": "Version 0.1 named the best run where values do not compare.",
};

/** Settings whose values in a comparison may differ from those of version 0.1. */
const SETTINGS_WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  "head.units": "Version 0.1 compared them although pooled heads have none.",
  "augmentation.fillMode": "Version 0.1 compared it although nothing was moved.",
};

/** An answer without the fields that may differ. */
function comparable(value: unknown, path: readonly string[] = []): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, path));
    return path.join(".") === "compareRuns.configuration" ? items.filter(hasEffect) : items;
  }
  // Version 0.1 showed an empty list of a setting as an empty text.
  if (value === "" && path.at(-1) === "values") return "none";
  if (typeof value !== "object" || value === null) return value;
  const isTokenOfTest = "lastUsedAt" in value && "name" in value && value.name === "admin";
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, part]) => [name, [...path, name], part] as const)
      .filter(([name]) => !Object.hasOwn(INTENDED_DIFFERENCES, name))
      .filter(([, place]) => !Object.hasOwn(INTENDED_DIFFERENCES, place.join(".")))
      .filter(([name]) => !(isTokenOfTest && name === "lastUsedAt"))
      .map(([name, place, part]) => [name, comparable(part, place)]),
  );
}

function hasEffect(difference: unknown): boolean {
  return !Object.hasOwn(SETTINGS_WITHOUT_EFFECT, (difference as { readonly path: string }).path);
}

/** A change that makes a request different. */
function otherThan(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if ("configuration" in input) return { configuration: { ...(input.configuration as object), seed: 999 } };
  if ("source" in input) return { split: { seed: 999 } };
  return { description: "Another one." };
}

/**
 * Numbers that change little when the arithmetic changes a little. Which of two classes is likelier, and hence
 * accuracies and the best epoch, may change with the last digit.
 */
function learned({ state, endReason, attempt, epochs, batchLoss }: RunOutcome): object {
  const losses = epochs.map(({ trainLoss, validationLoss, learningRate }) => ({
    trainLoss,
    validationLoss,
    learningRate,
  }));
  return { state, endReason, attempt, losses, batchLoss };
}

/** A later version may add the same numbers in another order, which changes their last digits. */
const SAME_MACHINE_TOLERANCE = 1e-5;

/** Equal but for numbers, which may differ by `tolerance`. */
function assertClose(actual: unknown, expected: unknown, tolerance = 0.02, path = ""): void {
  if (typeof actual === "number" && typeof expected === "number") {
    assert.ok(Math.abs(actual - expected) <= tolerance, `${path}: ${actual} is not near ${expected}`);
  } else if (
    typeof actual === "object" &&
    typeof expected === "object" &&
    actual !== null &&
    expected !== null
  ) {
    assert.deepEqual(Object.keys(actual), Object.keys(expected), path);
    for (const [name, part] of Object.entries(expected)) {
      assertClose((actual as Record<string, unknown>)[name], part, tolerance, `${path}/${name}`);
    }
  } else {
    assert.deepEqual(actual, expected, path);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
