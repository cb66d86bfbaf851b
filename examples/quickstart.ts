/**
 * From an access token to a prediction. Start a server with `npm start`, then run with Node 22.18 or later:
 *
 *     node examples/quickstart.ts flowers.zip
 *
 * The archive is a zip, tar or tar.gz with one folder of images per class.
 */
import { openAsBlob, readFileSync } from "node:fs";
import { createClient } from "graphql-ws";
import type * as Types from "../src/client/generated/graphql.js";

const [archive] = process.argv.slice(2);
if (archive === undefined) throw new Error("Usage: node examples/quickstart.ts <archive>");
const url = process.env.ESPALIER_URL ?? "http://127.0.0.1:4000";
const token = process.env.ESPALIER_TOKEN ?? readFileSync(".espalier/admin-token", "utf8").trim();
const authorization = `Bearer ${token}`;

// 1. Upload the archive.
const bytes = await openAsBlob(archive);
const { createUpload } = await request<Types.QuickstartUploadMutation>(
  /* GraphQL */ `mutation QuickstartUpload($sizeBytes: SafeInt!) {
    createUpload(input: { sizeBytes: $sizeBytes }) { uploadId putUrl userErrors { message } }
  }`,
  { sizeBytes: bytes.size },
);
check(createUpload);
await fetch(new URL(createUpload.putUrl ?? "", url), {
  method: "PUT",
  headers: { authorization },
  body: bytes,
});

// 2. Import it as a version of the dataset "flowers", and wait for the end of the import.
const { importDataset } = await request<Types.QuickstartImportMutation>(
  /* GraphQL */ `mutation QuickstartImport($uploadId: ID!) {
    importDataset(input: { dataset: "flowers", source: { uploadId: $uploadId } }) {
      datasetVersion { id ref }
      userErrors { message }
    }
  }`,
  { uploadId: createUpload.uploadId },
);
check(importDataset);
const version = importDataset.datasetVersion;
for await (const { importEvents: event } of follow<Types.QuickstartImportEventsSubscription>(
  /* GraphQL */ `subscription QuickstartImportEvents($id: ID!) {
    importEvents(datasetVersionId: $id) {
      __typename
      ... on ImportFinished { datasetVersion { ref status sampleCount failure { message } } }
    }
  }`,
  { id: version?.id },
)) {
  if (event.__typename !== "ImportFinished") continue;
  const { ref, status, sampleCount, failure } = event.datasetVersion;
  if (status !== "READY") throw new Error(failure?.message);
  console.log(`Imported ${sampleCount} images as ${ref}`);
}

// 3. Launch a run on that version, and follow its epochs.
const { launchRun } = await request<Types.QuickstartLaunchMutation>(
  /* GraphQL */ `mutation QuickstartLaunch($input: LaunchRunInput!) {
    launchRun(input: $input) { run { id name } userErrors { message } }
  }`,
  {
    input: {
      experiment: "quickstart",
      dataset: version?.ref,
      configuration: {
        architecture: "VGG11",
        widthMultiplier: 0.25,
        imageSizePixels: 64,
        head: { kind: "GLOBAL_AVERAGE_POOLING" },
        batchNormalization: true,
        batchSize: 16,
        epochs: 8,
      },
    },
  },
);
check(launchRun);
const run = launchRun.run;
for await (const { runEvents: event } of follow<Types.QuickstartRunEventsSubscription>(
  /* GraphQL */ `subscription QuickstartRunEvents($id: ID!) {
    runEvents(runId: $id) {
      __typename
      ... on EpochCompleted { epoch { number validationTop1 { value } } }
      ... on RunStateChanged { to detail }
    }
  }`,
  { id: run?.id },
)) {
  if (event.__typename === "EpochCompleted") {
    const { number, validationTop1 } = event.epoch;
    console.log(`Epoch ${number}: validation top-1 ${validationTop1.value?.toFixed(3)}`);
  }
  if (event.__typename === "RunStateChanged" && event.to === "FAILED") throw new Error(`${event.detail}`);
}

// 4. Register the best checkpoint as a version of the model "flowers".
const { registerModelVersion } = await request<Types.QuickstartRegisterMutation>(
  /* GraphQL */ `mutation QuickstartRegister($runId: ID!) {
    registerModelVersion(input: { model: "flowers", runId: $runId }) {
      modelVersion { ref }
      userErrors { message }
    }
  }`,
  { runId: run?.id },
);
check(registerModelVersion);
const model = registerModelVersion.modelVersion?.ref;
console.log(`Registered ${model}`);

// 5. Classify an image that the run was not trained on. `images` also takes { base64: "…" } and { uploadId: "…" }.
const { datasetVersion } = await request<Types.QuickstartSamplesQuery>(
  /* GraphQL */ `query QuickstartSamples($ref: String!) {
    datasetVersion(ref: $ref) { samples(filter: { split: TEST }, first: 1) { nodes { id sourceName } } }
  }`,
  { ref: version?.ref },
);
const [sample] = datasetVersion?.samples.nodes ?? [];
const { classify } = await request<Types.QuickstartClassifyMutation>(
  /* GraphQL */ `mutation QuickstartClassify($model: String!, $images: [ImageInput!]!) {
    classify(input: { model: $model, images: $images, topK: 1 }) {
      results {
        __typename
        ... on ImageClassification { top { label probability } }
        ... on ImageFailure { detail }
      }
      userErrors { message }
    }
  }`,
  { model, images: [{ sampleId: sample?.id }] },
);
check(classify);
for (const result of classify.results) {
  if (result.__typename === "ImageFailure") throw new Error(result.detail);
  for (const { label, probability } of result.top) {
    console.log(`${sample?.sourceName} is a ${label} with probability ${probability.toFixed(2)}`);
  }
}

/** Sends a query or a mutation. */
async function request<Data>(query: string, variables: object): Promise<Data> {
  const response = await fetch(new URL("/graphql", url), {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
  if (errors) throw new Error(errors[0]?.message);
  return data;
}

/** Yields the events of a subscription until the server ends it. */
async function* follow<Data>(query: string, variables: Record<string, unknown>): AsyncGenerator<Data> {
  const socket = createClient({
    url: new URL("/graphql", url).href.replace(/^http/, "ws"),
    connectionParams: { authorization },
  });
  try {
    for await (const { data, errors } of socket.iterate<Data>({ query, variables })) {
      if (errors || !data) throw new Error(errors?.[0]?.message);
      yield data;
    }
  } finally {
    await socket.dispose();
  }
}

/** Throws the first user error of a payload. */
function check({ userErrors }: { userErrors: readonly { message: string }[] }): void {
  const [error] = userErrors;
  if (error) throw new Error(error.message);
}
