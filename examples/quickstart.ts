/**
 * From an access token to a prediction. Start a server with `npm start`, then run with Node 22.18 or later:
 *
 *     node examples/quickstart.ts flowers.zip
 *
 * The archive is a zip, tar or tar.gz with one folder of images per class. The server and the token are those of
 * ESPALIER_URL and ESPALIER_TOKEN. If these are unset, the server is the one of this machine, and the token is read from
 * its home folder; ESPALIER_PORT and ESPALIER_HOME are the same as for `npm start`.
 */
import { openAsBlob, readFileSync, statSync } from "node:fs";
import { createClient } from "graphql-ws";
import type * as Types from "../src/client/generated/graphql.js";

const [archive] = process.argv.slice(2);
if (archive === undefined) fail("Usage: node examples/quickstart.ts <archive>");
if (!statSync(archive, { throwIfNoEntry: false })?.isFile()) fail(`There is no file ${archive}.`);
const url = process.env.ESPALIER_URL || `http://127.0.0.1:${process.env.ESPALIER_PORT || 4000}`;
if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
  fail(`ESPALIER_URL must be an address such as http://127.0.0.1:4000. Received ${url}.`);
}
const authorization = `Bearer ${process.env.ESPALIER_TOKEN || readToken()}`;

// 1. Upload the archive.
const bytes = await openAsBlob(archive);
const { createUpload } = await request<Types.QuickstartUploadMutation>(
  /* GraphQL */ `mutation QuickstartUpload($sizeBytes: SafeInt!) {
    createUpload(input: { sizeBytes: $sizeBytes }) { uploadId putUrl userErrors { code message } }
  }`,
  { sizeBytes: bytes.size },
);
check(createUpload);
await send(createUpload.putUrl ?? "", { method: "PUT", headers: { authorization }, body: bytes });

// 2. Import it as a version of the dataset "flowers", and wait for the end of the import.
const { importDataset } = await request<Types.QuickstartImportMutation>(
  /* GraphQL */ `mutation QuickstartImport($uploadId: ID!) {
    importDataset(input: { dataset: "flowers", source: { uploadId: $uploadId } }) {
      datasetVersion { id ref }
      userErrors { code message }
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
      ... on ImportFinished { datasetVersion { ref status sampleCount failure { code message } } }
    }
  }`,
  { id: version?.id },
)) {
  if (event.__typename !== "ImportFinished") continue;
  const { ref, status, sampleCount, failure } = event.datasetVersion;
  if (status !== "READY") fail(`The import failed: ${failure?.message} (${failure?.code})`);
  console.log(`Imported ${sampleCount} images as ${ref}`);
}

// 3. Launch a run on that version, and follow its epochs.
const { launchRun } = await request<Types.QuickstartLaunchMutation>(
  /* GraphQL */ `mutation QuickstartLaunch($input: LaunchRunInput!) {
    launchRun(input: $input) { run { id name } userErrors { code message } }
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
let ending: { to: string; reason: string | null; detail: string | null } | undefined;
for await (const { runEvents: event } of follow<Types.QuickstartRunEventsSubscription>(
  /* GraphQL */ `subscription QuickstartRunEvents($id: ID!) {
    runEvents(runId: $id) {
      __typename
      ... on EpochCompleted { epoch { number validationTop1 { value } } }
      ... on RunStateChanged { to reason detail }
    }
  }`,
  { id: run?.id },
)) {
  if (event.__typename === "EpochCompleted") {
    const { number, validationTop1 } = event.epoch;
    console.log(`Epoch ${number}: validation top-1 ${validationTop1.value?.toFixed(3)}`);
  }
  if (event.__typename === "RunStateChanged") ending = event;
}
if (ending?.to !== "SUCCEEDED") fail(`The run is ${ending?.to}: ${ending?.reason} ${ending?.detail ?? ""}`);

// 4. Register the best checkpoint as a version of the model "flowers".
const { registerModelVersion } = await request<Types.QuickstartRegisterMutation>(
  /* GraphQL */ `mutation QuickstartRegister($runId: ID!) {
    registerModelVersion(input: { model: "flowers", runId: $runId }) {
      modelVersion { ref }
      userErrors { code message }
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
      userErrors { code message }
    }
  }`,
  { model, images: [{ sampleId: sample?.id }] },
);
check(classify);
for (const result of classify.results) {
  if (result.__typename === "ImageFailure")
    fail(`${sample?.sourceName} was not classified: ${result.detail}`);
  for (const { label, probability } of result.top) {
    console.log(`${sample?.sourceName} is a ${label} with probability ${probability.toFixed(2)}`);
  }
}

/** Sends a query or a mutation. */
async function request<Data>(query: string, variables: object): Promise<Data> {
  const answer = await send("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", authorization },
    body: JSON.stringify({ query, variables }),
  });
  return (answer as { data: Data }).data;
}

/** Sends a request. Every route answers with JSON, and with `errors` when it refuses the request. */
async function send(path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(new URL(path, url), init).catch(() => fail(`No server answers at ${url}.`));
  const answer = (await response.json()) as { errors?: readonly ApiError[] };
  checkErrors(answer.errors);
  return answer;
}

/** Yields the events of a subscription until the server ends it. */
async function* follow<Data>(query: string, variables: Record<string, unknown>): AsyncGenerator<Data> {
  const socket = createClient({
    url: new URL("/graphql", url).href.replace(/^http/, "ws"),
    connectionParams: { authorization },
  });
  try {
    for await (const { data, errors } of socket.iterate<Data>({ query, variables })) {
      checkErrors(errors);
      if (data) yield data;
    }
  } finally {
    await socket.dispose();
  }
}

/** Stops at the first user error of a payload. */
function check({ userErrors }: { userErrors: readonly { code: string; message: string }[] }): void {
  const [error] = userErrors;
  if (error) fail(`${error.message} (${error.code})`);
}

interface ApiError {
  readonly message: string;
  readonly extensions?: { readonly code?: unknown };
}

function checkErrors([error]: readonly ApiError[] = []): void {
  if (error) fail(`${error.message} (${error.extensions?.code})`);
}

function readToken(): string {
  const file = `${process.env.ESPALIER_HOME || ".espalier"}/admin-token`;
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    fail(`Cannot read the token file ${file}. Start a server with \`npm start\`, or set ESPALIER_TOKEN.`);
  }
}

/** Prints a message and stops. */
function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
