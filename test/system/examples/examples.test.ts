import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { getOperationAST, parse } from "graphql";
import type { ApiClient } from "../../../src/client/api-client.js";
import { graphql } from "../../../src/client/generated/gql.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { fillPlaceholders, type Results } from "../../../src/web/examples/placeholders.js";
import { startTestEspalier } from "../../testkit/api/espalier.js";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";
import { drawTorchConvolutions } from "../../testkit/torch-convolutions.js";

const STATES = graphql(`subscription ExampleStates($runId: ID!) {
  runEvents(runId: $runId) { __typename ... on RunStateChanged { to reason } }
}`);

const FOLDER = path.join(projectRoot(), "examples");

test("the examples run in their order, unchanged, from an upload to a prediction", async () => {
  // Drawn first: while it blocks the event loop for seconds, the server's idle connections expire unnoticed.
  const weights = drawTorchConvolutions("VGG19");
  await using espalier = await startTestEspalier();
  let results: Results = {};
  for (const file of readdirSync(FOLDER).sort()) {
    if (!file.endsWith(".graphql")) continue;
    const events = await runExample(espalier.api, file, results);
    for (const data of events) {
      assert.deepEqual(userErrorsOf(data), [], file);
      results = { ...results, ...data };
    }
    if (file === "02-create-upload.graphql") {
      await put(espalier.api, results.createUpload, await drawFlowerArchive(10));
    }
    if (file === "08-watch-run.graphql") {
      const kinds = events.map((event) => (event.runEvents as { __typename: string }).__typename);
      assert.equal(kinds.filter((kind) => kind === "EpochCompleted").length, 8);
      assert.equal(kinds.at(-1), "RunStateChanged");
    }
    if (file === "18-upload-weights.graphql") {
      await put(espalier.api, results.weights, weights);
    }
    if (file === "26-pause-run.graphql") await reach(espalier.api, idOf(results.urgent), "PAUSED");
    if (file === "28-cancel-run.graphql") await reach(espalier.api, idOf(results.urgent), "CANCELLED");
  }

  const { augmentationPreview } = results.preview as { augmentationPreview: string[] };
  assert.equal(augmentationPreview.length, 4);
  const { disagreements } = results.compareImages as { disagreements: { totalCount: number } };
  assert.ok(disagreements.totalCount >= 0);
  const evaluated = results.evaluated as Record<"validation" | "test", { sampleCount: number }>;
  assert.ok(evaluated.validation.sampleCount > 0 && evaluated.test.sampleCount > 0);
  const { artifacts } = results.files as { artifacts: { name: string }[] };
  assert.equal(artifacts.length, 3);
  const { results: images } = results.classify as { results: { __typename: string }[] };
  assert.deepEqual(
    images.map((image) => image.__typename),
    ["ImageClassification", "ImageClassification", "ImageFailure"],
  );
  const { configuration } = results.compareRuns as { configuration: { path: string }[] };
  assert.deepEqual(
    configuration.map((difference) => difference.path),
    ["batchNormalization"],
  );
  const { model } = results.setModelAlias as { model: { name: string; aliases: PromotedAlias[] } };
  const aliases = model.aliases.map(({ name, version }) => [name, version.ref]);
  assert.deepEqual([model.name, aliases], ["flowers", [["champion", "flowers:1"]]]);

  for (const launch of [
    "augmented",
    "fineTuned",
    "fromWeights",
    "urgent",
    "normalized",
    "distilled",
    "pruned",
  ]) {
    const end = await endOf(espalier.api, idOf(results[launch]));
    assert.deepEqual(end, { __typename: "RunStateChanged", to: "SUCCEEDED", reason: "COMPLETED" }, launch);
  }
  assert.equal((results.deleteRun as { deletedId: string }).deletedId, idOf(results.plain));
});

interface PromotedAlias {
  readonly name: string;
  readonly version: { readonly ref: string };
}

function idOf(launched: unknown): string {
  return (launched as { run: { id: string } }).run.id;
}

/** Sends the bytes of an upload. */
function put(api: ApiClient, upload: unknown, bytes: Buffer): Promise<void> {
  const { putUrl } = upload as { putUrl: string };
  return api.put(putUrl, new Blob([new Uint8Array(bytes)]));
}

/** Waits until the run reaches a state. */
async function reach(api: ApiClient, runId: string, state: string): Promise<void> {
  for await (const { runEvents: event } of api.follow(STATES, { runId })) {
    if (event.__typename === "RunStateChanged" && event.to === state) return;
  }
}

/** Waits for the end of a run. @returns its last event */
async function endOf(api: ApiClient, runId: string): Promise<unknown> {
  let last: unknown = null;
  for await (const { runEvents } of api.follow(STATES, { runId })) last = runEvents;
  return last;
}

/** Runs an example. @returns one result, or all events of a subscription */
async function runExample(api: ApiClient, file: string, earlier: Results): Promise<Results[]> {
  const document: TypedDocumentNode<Results, Results> = parse(readFileSync(path.join(FOLDER, file), "utf8"));
  const variablesFile = path.join(FOLDER, file.replace(/graphql$/, "json"));
  const template = readVariables(variablesFile);
  const { variables, missing } = fillPlaceholders(template, earlier);
  assert.deepEqual(missing, [], `${file} builds on an example before it`);
  if (getOperationAST(document)?.operation !== "subscription") {
    return [await api.request(document, variables as Results)];
  }
  const events: Results[] = [];
  for await (const event of api.follow(document, variables as Results)) events.push(event);
  return events;
}

function readVariables(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

function userErrorsOf(data: Results): unknown[] {
  return Object.values(data).flatMap((value) =>
    typeof value === "object" && value !== null && "userErrors" in value
      ? (value.userErrors as unknown[])
      : [],
  );
}
