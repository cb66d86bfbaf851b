import path from "node:path";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { type ApiClient, resultOf } from "../src/client/api-client.js";
import { ClientError } from "../src/client/client-error.js";
import { graphql } from "../src/client/generated/gql.js";
import type { ImportedVersion } from "../src/client/import-dataset.js";
import { type Terminal, table } from "../src/client/terminal.js";
import type { ClassifiedPicture } from "./report.js";

const TEST_PICTURES = graphql(`query DemoTestPictures($ref: String!, $className: String!) {
  datasetVersion(ref: $ref) {
    samples(filter: { split: TEST, className: $className }, first: 1) { nodes { id sourceName } }
  }
}`);

type TestPicture = NonNullable<ResultOf<typeof TEST_PICTURES>["datasetVersion"]>["samples"]["nodes"][number];

const CLASSIFY = graphql(`mutation DemoClassify($model: String!, $images: [ImageInput!]!) {
  classify(input: { model: $model, images: $images, topK: 3 }) {
    results {
      __typename
      ... on ImageClassification { top { label probability } }
      ... on ImageFailure { reason detail }
    }
    latencyMs
    userErrors { code message }
  }
}`);

const PICTURES = 3;
/** File, verdict, label, probability, what else it might be. */
const COLUMNS = ["left", "left", "left", "right", "left"] as const;

/** Classifies pictures that no training step has seen, each of another class where there are enough. */
export async function classifyPictures(
  api: ApiClient,
  terminal: Terminal,
  model: string,
  version: ImportedVersion,
): Promise<readonly ClassifiedPicture[]> {
  const pictures = await pickTestPictures(api, version);
  const { classify } = await api.request(CLASSIFY, {
    model,
    images: pictures.map((picture) => ({ sampleId: picture.id })),
  });
  const results = resultOf(classify.results, classify.userErrors);
  const latency = classify.latencyMs === null ? "" : ` in ${Math.round(classify.latencyMs)} ms`;
  terminal.step("Classify", `${pictures.length} pictures of the test split with ${model}${latency}`);

  const rows: string[][] = [];
  const classified = pictures.map((picture, index): ClassifiedPicture => {
    const result = results[index];
    if (result?.__typename !== "ImageClassification") {
      throw new ClientError(
        "NOT_CLASSIFIED",
        `${picture.sourceName} was not classified: ${result?.detail ?? "no answer"}`,
      );
    }
    const [best] = result.top;
    if (best === undefined) throw new ClientError("NOT_CLASSIFIED", `${picture.sourceName} got no label.`);
    const expected = path.posix.basename(path.posix.dirname(picture.sourceName));
    const others = result.top.slice(1).map(({ label, probability }) => `${label} ${probability.toFixed(2)}`);
    const verdict = best.label === expected ? terminal.good("✓") : terminal.bad("✗");
    rows.push([
      picture.sourceName,
      verdict,
      best.label,
      best.probability.toFixed(2),
      terminal.dim(others.join(", ")),
    ]);
    return { file: picture.sourceName, expected, label: best.label, probability: best.probability };
  });
  for (const row of table(rows, COLUMNS)) terminal.detail(row);
  return classified;
}

async function pickTestPictures(api: ApiClient, version: ImportedVersion): Promise<readonly TestPicture[]> {
  const classes = version.classes.filter((each) => each.test > 0).slice(0, PICTURES);
  const pictures: TestPicture[] = [];
  for (const { name } of classes) {
    const { datasetVersion } = await api.request(TEST_PICTURES, { ref: version.ref, className: name });
    pictures.push(...(datasetVersion?.samples.nodes ?? []));
  }
  if (pictures.length === 0) {
    throw new ClientError("NO_TEST_PICTURES", `${version.ref} has no picture in its test split to classify.`);
  }
  return pictures;
}
