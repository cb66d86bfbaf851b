import path from "node:path";
import type { ResultOf } from "@graphql-typed-document-node/core";
import { type ApiClient, resultOf } from "../src/client/api-client.js";
import { ClientError } from "../src/client/client-error.js";
import { graphql } from "../src/client/generated/gql.js";
import type { ImportedVersion } from "../src/client/import-dataset.js";
import { type Terminal, table } from "../src/client/terminal.js";
import type { ClassifiedImage } from "./report.js";

const TEST_IMAGES = graphql(`query DemoTestImages($ref: String!, $className: String!) {
  datasetVersion(ref: $ref) {
    samples(filter: { split: TEST, className: $className }, first: 1) { nodes { id sourceName } }
  }
}`);

type TestImage = NonNullable<ResultOf<typeof TEST_IMAGES>["datasetVersion"]>["samples"]["nodes"][number];

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

const MAX_IMAGES = 3;
/** File, verdict, label, probability and the next likely labels. */
const COLUMNS = ["left", "left", "left", "right", "left"] as const;

/** Classifies images of the test split, one per class. */
export async function classifyImages(
  api: ApiClient,
  terminal: Terminal,
  model: string,
  version: ImportedVersion,
): Promise<readonly ClassifiedImage[]> {
  const images = await pickTestImages(api, version);
  const { classify } = await api.request(CLASSIFY, {
    model,
    images: images.map((image) => ({ sampleId: image.id })),
  });
  const results = resultOf(classify.results, classify.userErrors);
  const latency = classify.latencyMs === null ? "" : ` in ${Math.round(classify.latencyMs)} ms`;
  terminal.step("Classify", `${images.length} images of the test split with ${model}${latency}`);

  const rows: string[][] = [];
  const classified = images.map((image, index): ClassifiedImage => {
    const result = results[index];
    if (result?.__typename !== "ImageClassification") {
      throw new ClientError(
        "NOT_CLASSIFIED",
        `${image.sourceName} was not classified: ${result?.detail ?? "no answer"}`,
      );
    }
    const [best] = result.top;
    if (best === undefined) throw new ClientError("NOT_CLASSIFIED", `${image.sourceName} received no label.`);
    const expected = path.posix.basename(path.posix.dirname(image.sourceName));
    const others = result.top.slice(1).map(({ label, probability }) => `${label} ${probability.toFixed(2)}`);
    const verdict = best.label === expected ? terminal.good("✓") : terminal.bad("✗");
    rows.push([
      image.sourceName,
      verdict,
      best.label,
      best.probability.toFixed(2),
      terminal.dim(others.join(", ")),
    ]);
    return { file: image.sourceName, expected, label: best.label, probability: best.probability };
  });
  for (const row of table(rows, COLUMNS)) terminal.detail(row);
  return classified;
}

async function pickTestImages(api: ApiClient, version: ImportedVersion): Promise<readonly TestImage[]> {
  const classes = version.classes.filter((each) => each.test > 0).slice(0, MAX_IMAGES);
  const images: TestImage[] = [];
  for (const { name } of classes) {
    const { datasetVersion } = await api.request(TEST_IMAGES, { ref: version.ref, className: name });
    images.push(...(datasetVersion?.samples.nodes ?? []));
  }
  if (images.length === 0) {
    throw new ClientError(
      "NO_TEST_IMAGES",
      `Expected an image in the test split of ${version.ref}. It has none.`,
    );
  }
  return images;
}
