/** A GraphQL document together with the types of its answer and its variables. */
export interface Operation<Result, Variables extends Record<string, unknown>> {
  readonly document: string;
  /** Never there: it carries the types. */
  readonly types?: (variables: Variables) => Result;
}

function operation<Result, Variables extends Record<string, unknown> = Record<string, never>>(
  document: string,
): Operation<Result, Variables> {
  return { document };
}

export interface UserError {
  readonly code: string;
  readonly message: string;
}

/** A metric; null where it is not a finite number. */
export interface MetricValue {
  readonly value: number | null;
}

export const SYSTEM = operation<{
  system: {
    version: string;
    tensorflowVersion: string;
    devices: { kind: string }[];
    engine: { threads: number };
  };
}>("query DemoSystem { system { version tensorflowVersion devices { kind } engine { threads } } }");

export const CREATE_UPLOAD = operation<
  { createUpload: { uploadId: string; putUrl: string; userErrors: UserError[] } },
  { sizeBytes: number }
>(`mutation DemoUpload($sizeBytes: SafeInt!) {
  createUpload(input: { sizeBytes: $sizeBytes }) { uploadId putUrl userErrors { code message } }
}`);

export const IMPORT_DATASET = operation<
  { importDataset: { datasetVersion: { id: string } | null; userErrors: UserError[] } },
  { dataset: string; description: string; uploadId: string }
>(`mutation DemoImport($dataset: String!, $description: String!, $uploadId: ID!) {
  importDataset(input: { dataset: $dataset, description: $description, source: { uploadId: $uploadId } }) {
    datasetVersion { id }
    userErrors { code message }
  }
}`);

export type ImportEvent =
  | { readonly __typename: "ImportProgress"; readonly filesDone: number; readonly filesTotal: number | null }
  | { readonly __typename: "ImportFinished"; readonly datasetVersion: ImportedVersion };

export interface ImportedVersion {
  readonly ref: string;
  readonly number: number;
  readonly status: "IMPORTING" | "READY" | "FAILED";
  readonly failure: UserError | null;
  readonly sampleCount: number;
  readonly quarantinedCount: number;
  readonly classes: readonly { readonly name: string; readonly test: number }[];
  readonly splits: readonly { readonly split: string; readonly sampleCount: number }[];
  readonly quarantine: { readonly nodes: readonly { readonly reason: string }[] };
}

export const IMPORT_EVENTS = operation<{ importEvents: ImportEvent }, { datasetVersionId: string }>(
  `subscription DemoImportEvents($datasetVersionId: ID!) {
  importEvents(datasetVersionId: $datasetVersionId) {
    __typename
    ... on ImportProgress { filesDone filesTotal }
    ... on ImportFinished {
      datasetVersion {
        ref number status failure { code message } sampleCount quarantinedCount
        classes { name test }
        splits { split sampleCount }
        quarantine(first: 200) { nodes { reason } }
      }
    }
  }
}`,
);

export const LAUNCH_RUN = operation<
  { launchRun: { run: { id: string; name: string } | null; userErrors: UserError[] } },
  { input: { experiment: string; dataset: string; configuration: Record<string, unknown> } }
>(`mutation DemoLaunch($input: LaunchRunInput!) {
  launchRun(input: $input) { run { id name } userErrors { code message } }
}`);

export interface Epoch {
  readonly number: number;
  readonly trainLoss: MetricValue;
  readonly validationTop1: MetricValue;
  readonly imagesPerSecond: number;
}

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly imagesPerSecond: number | null;
}

export type RunEvent =
  | {
      readonly __typename: "RunStateChanged";
      readonly to: string;
      readonly reason: string | null;
      readonly detail: string | null;
    }
  | { readonly __typename: "EpochCompleted"; readonly epoch: Epoch }
  | { readonly __typename: "TrainingProgress"; readonly progress: Progress; readonly loss: MetricValue }
  | { readonly __typename: "RunWarning"; readonly message: string }
  | { readonly __typename: "CheckpointSaved" };

export const RUN_EVENTS = operation<{ runEvents: RunEvent }, { runId: string }>(
  `subscription DemoRunEvents($runId: ID!) {
  runEvents(runId: $runId) {
    __typename
    ... on RunStateChanged { to reason detail }
    ... on EpochCompleted {
      epoch { number trainLoss { value } validationTop1 { value } imagesPerSecond }
    }
    ... on TrainingProgress {
      progress { epoch epochs step stepsPerEpoch imagesPerSecond }
      loss { value }
    }
    ... on RunWarning { message }
  }
}`,
);

export interface FinishedRun {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly durationSeconds: number | null;
  readonly configuration: { readonly parameterCount: number };
  readonly epochs: readonly { readonly number: number }[];
}

export interface Comparison {
  readonly runs: readonly FinishedRun[];
  readonly configuration: readonly { readonly path: string; readonly values: readonly (string | null)[] }[];
  readonly metrics: readonly {
    readonly key: string;
    readonly best: readonly (MetricValue | null)[];
    readonly bestRun: { readonly id: string } | null;
  }[];
}

export const COMPARE_RUNS = operation<{ compareRuns: Comparison }, { runIds: readonly string[] }>(
  `query DemoCompare($runIds: [ID!]!) {
  compareRuns(runIds: $runIds) {
    runs { id name state durationSeconds configuration { parameterCount } epochs { number } }
    configuration { path values }
    metrics { key best { value } bestRun { id } }
  }
}`,
);

export const REGISTER = operation<
  {
    registerModelVersion: {
      modelVersion: { number: number; ref: string; epoch: number; sizeBytes: number } | null;
      userErrors: UserError[];
    };
  },
  { model: string; runId: string }
>(`mutation DemoRegister($model: String!, $runId: ID!) {
  registerModelVersion(input: { model: $model, runId: $runId }) {
    modelVersion { number ref epoch sizeBytes }
    userErrors { code message }
  }
}`);

export const SET_ALIAS = operation<
  { setModelAlias: { model: { name: string } | null; userErrors: UserError[] } },
  { model: string; alias: string; version: number }
>(`mutation DemoAlias($model: String!, $alias: String!, $version: Int!) {
  setModelAlias(input: { model: $model, alias: $alias, version: $version }) {
    model { name }
    userErrors { code message }
  }
}`);

export interface TestPicture {
  readonly id: string;
  readonly sourceName: string;
}

export const TEST_PICTURES = operation<
  { datasetVersion: { samples: { nodes: TestPicture[] } } | null },
  { ref: string; className: string }
>(`query DemoTestPictures($ref: String!, $className: String!) {
  datasetVersion(ref: $ref) {
    samples(filter: { split: TEST, className: $className }, first: 1) { nodes { id sourceName } }
  }
}`);

export type ImageResult =
  | {
      readonly __typename: "ImageClassification";
      readonly top: readonly { readonly label: string; readonly probability: number }[];
    }
  | { readonly __typename: "ImageFailure"; readonly reason: string; readonly detail: string };

export const CLASSIFY = operation<
  { classify: { results: ImageResult[]; latencyMs: number | null; userErrors: UserError[] } },
  { model: string; images: readonly { sampleId: string }[] }
>(`mutation DemoClassify($model: String!, $images: [ImageInput!]!) {
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
