import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { getOperationAST, parse } from "graphql";
import type { ApiClient } from "../../../demo/api-client.js";
import { projectRoot } from "../../../src/core/project-root.js";
import { fillPlaceholders, type Results } from "../../../src/web/placeholders.js";
import { startTestEspalier } from "../../testkit/espalier.js";
import { drawFlowerArchive } from "../../testkit/flower-archive.js";

const FOLDER = path.join(projectRoot(), "examples");

test("the examples, run one after the other as they stand, do the whole job", async () => {
  const archive = await drawFlowerArchive(10);
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
      const { putUrl } = results.createUpload as { putUrl: string };
      await espalier.api.put(putUrl, new Blob([new Uint8Array(archive)]));
    }
    if (file === "07-watch-run.graphql") {
      const kinds = events.map((event) => (event.runEvents as { __typename: string }).__typename);
      assert.equal(kinds.filter((kind) => kind === "EpochCompleted").length, 8);
      assert.equal(kinds.at(-1), "RunStateChanged");
    }
  }

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
  const { model } = results.setModelAlias as { model: object };
  assert.deepEqual(model, {
    name: "flowers",
    aliases: [{ name: "champion", version: { ref: "flowers:1" } }],
  });
});

/** What an example answers: one result, or all events of a subscription. */
async function runExample(api: ApiClient, file: string, earlier: Results): Promise<Results[]> {
  const document = readFileSync(path.join(FOLDER, file), "utf8");
  const variablesFile = path.join(FOLDER, file.replace(/graphql$/, "json"));
  const template = readVariables(variablesFile);
  const { variables, missing } = fillPlaceholders(template, earlier);
  assert.deepEqual(missing, [], `${file} builds on an example before it`);
  const operation = { document } as { document: string; types?: (variables: Results) => Results };
  if (getOperationAST(parse(document))?.operation !== "subscription") {
    return [await api.request(operation, variables as Results)];
  }
  const events: Results[] = [];
  for await (const event of api.follow(operation, variables as Results)) events.push(event);
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
