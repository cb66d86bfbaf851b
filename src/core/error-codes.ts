import type { RunEndReason } from "./enumerations.js";

/** Subjects of errors; the order and the titles of the sections in docs/errors.md. */
export const ERROR_DOMAINS = {
  request: "Requests",
  access: "Access tokens",
  dataset: "Datasets, uploads and imports",
  run: "Runs",
  weights: "Initial weights",
  model: "Models and classification",
  export: "Exports",
  storage: "Stored files",
  engine: "Engine",
  graph: "Graphs",
  database: "Database",
  installation: "Installation and start",
} as const;
export type ErrorDomain = keyof typeof ERROR_DOMAINS;

/** Who can remove the cause: the caller of the API, the operator of the server, or Espalier's developers. */
export type ErrorAudience = "caller" | "operator" | "developer";

export interface ErrorDescription {
  readonly domain: ErrorDomain;
  readonly audience: ErrorAudience;
  /** One sentence. */
  readonly meaning: string;
  /** Status of an HTTP response with this code; 400 where it is missing. */
  readonly httpStatus?: number;
  /**
   * Why a run ends when its attempt fails with this code, because every other attempt would fail the same way.
   * Where it is missing, the cause may pass, so the run is tried again.
   */
  readonly runEndReason?: RunEndReason;
}

type Details = Pick<ErrorDescription, "httpStatus" | "runEndReason">;

const describedFor =
  (audience: ErrorAudience) =>
  (domain: ErrorDomain, meaning: string, details: Details = {}): ErrorDescription => ({
    domain,
    audience,
    meaning,
    ...details,
  });
const caller = describedFor("caller");
const operator = describedFor("operator");
const developer = describedFor("developer");

const INVALID_DATA: Details = { runEndReason: "INVALID_DATA" };
/** The request may succeed later as it is. */
const UNAVAILABLE: Details = { httpStatus: 503 };
const ENGINE_ERROR: Details = { runEndReason: "ENGINE_ERROR" };

const DEFAULT_HTTP_STATUS = 400;

/**
 * Every error code. Clients branch on codes, so a code is never renamed and never changes its meaning. Everything
 * that depends on a code is a column of this table: nothing is inferred from its spelling.
 */
export const ERROR_CODES = {
  BAD_REQUEST: caller("request", "The HTTP request is not a well-formed GraphQL request."),
  BAD_USER_INPUT: caller("request", "The variables do not fit the operation."),
  BODY_TOO_LARGE: caller("request", "The body of the request is too large.", { httpStatus: 413 }),
  CONTENT_TYPE_UNSUPPORTED: caller("request", "The content type, encoding or charset is unsupported.", {
    httpStatus: 415,
  }),
  CURSOR_INVALID: caller("request", "The cursor does not come from this list or event stream."),
  FIRST_INVALID: caller("request", "`first` is out of range."),
  GRAPHQL_PARSE_FAILED: caller("request", "The text of the operation is not GraphQL."),
  GRAPHQL_VALIDATION_FAILED: caller("request", "The operation does not fit the schema."),
  HOST_NOT_ALLOWED: caller("request", "The Host header does not name this server.", { httpStatus: 403 }),
  IDEMPOTENCY_KEY_INVALID: caller("request", "The idempotency key is empty or too long."),
  IDEMPOTENCY_KEY_REUSED: caller("request", "The idempotency key was used with another input."),
  INPUT_TOO_LARGE: caller("request", "The variables are nested too deeply or hold too long a list."),
  INTERNAL: developer(
    "request",
    "The server has a fault; its log has the details under the id in the message.",
    {
      httpStatus: 500,
    },
  ),
  JSON_INVALID: caller("request", "The body of the request is not JSON."),
  LAST_INVALID: caller("request", "`last` is out of range."),
  METHOD_NOT_ALLOWED: caller("request", "The path does not support this HTTP method.", { httpStatus: 405 }),
  NAME_INVALID: caller("request", "The name has a wrong length or contains characters that are not allowed."),
  NOT_FOUND: caller("request", "The server has nothing at this path.", { httpStatus: 404 }),
  ONLY_SUBSCRIPTIONS: caller("request", "A query or a mutation was sent over WebSocket."),
  OPERATION_RESOLUTION_FAILURE: caller("request", "The document has no operation of the requested name."),
  ORIGIN_NOT_ALLOWED: caller("request", "A page of another origin sent the request.", { httpStatus: 403 }),
  PAGE_INVALID: caller("request", "A page was asked for with both `first` and `last`."),
  PERSISTED_QUERY_NOT_SUPPORTED: caller("request", "The request names a persisted query."),
  PLAYGROUND_NOT_BUILT: operator("request", "The playground page was not built.", { httpStatus: 503 }),
  QUERY_TOO_COMPLEX: caller("request", "The operation exceeds a limit: length, depth, aliases or cost."),
  SERVER_STOPPING: operator("request", "The server is stopping and starts no more work."),
  TIMEOUT: caller("request", "The request took too long; a mutation may still take effect.", {
    httpStatus: 504,
  }),
  TOO_MANY_SUBSCRIPTIONS: caller("request", "The WebSocket connection has too many subscriptions."),

  FORBIDDEN: caller("access", "The access token has too low a role.", { httpStatus: 403 }),
  LAST_ADMIN_TOKEN: caller("access", "The last token with the role ADMIN cannot be revoked."),
  TOKEN_NOT_FOUND: caller("access", "There is no access token with this id."),
  UNAUTHENTICATED: caller("access", "The access token is missing, unknown or revoked.", {
    httpStatus: 401,
  }),

  ARCHIVE_DAMAGED: caller("dataset", "The archive cannot be read to its end."),
  ARCHIVE_UNSAFE: caller("dataset", "The archive contains an entry that leads out of its own root."),
  ARCHIVE_UNSUPPORTED: caller("dataset", "The uploaded file is neither a zip, a tar nor a tar.gz."),
  DATASET_NOT_READY: caller("dataset", "The dataset version is still importing, or its import failed."),
  DATASET_UNFIT: caller("dataset", "The dataset version lacks the samples that this configuration needs."),
  DATASET_VERSION_NOT_FOUND: caller("dataset", "There is no such dataset or dataset version.", INVALID_DATA),
  DATASET_VERSION_NOT_READY: caller(
    "dataset",
    "Shards can be made of a READY dataset version only.",
    INVALID_DATA,
  ),
  FOLDER_NOT_ALLOWED: caller("dataset", "The folder is not below an allowed import root."),
  IMAGE_SIZE_INVALID: caller("dataset", "The size of the requested image is out of range."),
  IMPORT_FAILED: developer("dataset", "The import failed unexpectedly; the server's log has the details."),
  NO_CLASSES: caller("dataset", "The source has fewer than two class folders with usable images."),
  NO_IMAGES: caller("dataset", "The source has no usable image."),
  SAMPLE_NOT_FOUND: caller("dataset", "There is no such sample.", { httpStatus: 404 }),
  SAMPLE_UNREADABLE: operator(
    "dataset",
    "A stored image can no longer be decoded within the limits.",
    INVALID_DATA,
  ),
  SOURCE_TOO_LARGE: caller("dataset", "The source has more files than an import may have."),
  SOURCE_UNREADABLE: operator("dataset", "The server may not read a file or folder of the source."),
  SPLIT_RATIOS_INVALID: caller("dataset", "The fractions of the splits leave nothing to train on."),
  SPLIT_SEED_INVALID: caller("dataset", "The seed of the splits is not a 32-bit integer."),
  UPLOAD_ALREADY_COMPLETE: caller("dataset", "The upload has received all its bytes.", { httpStatus: 409 }),
  UPLOAD_EXPIRED: caller("dataset", "The upload has expired; create another one.", { httpStatus: 410 }),
  UPLOAD_INCOMPLETE: caller("dataset", "The upload has not received its bytes yet."),
  UPLOAD_INVALID: caller("dataset", "The announced name, size or checksum of the upload is invalid."),
  UPLOAD_IN_PROGRESS: caller("dataset", "Another request is sending the bytes of the upload.", {
    httpStatus: 409,
  }),
  UPLOAD_MISMATCH: caller("dataset", "The bytes received are not those that were announced.", {
    httpStatus: 422,
  }),
  UPLOAD_NOT_FOUND: caller("dataset", "There is no upload with this id.", { httpStatus: 404 }),
  UPLOAD_TOO_LARGE: caller("dataset", "The file is larger than an upload may be.", { httpStatus: 413 }),

  ARTIFACT_NOT_FOUND: caller("run", "The run has no such artifact, or its file is gone.", {
    httpStatus: 404,
  }),
  COMPARISON_INVALID: caller("run", "These runs or models cannot be compared in this way."),
  CONFIGURATION_INVALID: caller("run", "A setting of the run is out of range.", INVALID_DATA),
  CONFIGURATION_UNREADABLE: operator(
    "run",
    "A stored configuration is damaged, or a later version wrote it.",
    INVALID_DATA,
  ),
  CONFUSION_TOO_LARGE: caller("run", "The classes are too many for a confusion matrix in one piece."),
  EXPERIMENT_NAME_TAKEN: caller("run", "Another experiment has this name."),
  EXPERIMENT_NOT_FOUND: caller("run", "There is no experiment of this name."),
  FILTER_INVALID: caller("run", "The filter names a setting that neither this version nor a stored run has."),
  MAX_ACTIVE_RUNS_INVALID: caller("run", "The limit of simultaneous runs is out of range."),
  MAX_POINTS_INVALID: caller("run", "The number of requested metric points is out of range."),
  MEMORY_INSUFFICIENT: caller("run", "The run needs more memory than the machine has."),
  METRIC_UNKNOWN: caller("run", "There is no metric with this key."),
  ORDER_INVALID: caller("run", "The order and the metric to order by do not fit together."),
  PRECISION_UNSUPPORTED: caller("run", "The machine cannot train in this precision."),
  PREDICTIONS_DAMAGED: operator("run", "A stored file of predictions is damaged.", INVALID_DATA),
  PRIORITY_INVALID: caller("run", "The priority is out of range."),
  RUN_ALREADY_ENDED: caller("run", "The run has ended, so it cannot be cancelled."),
  RUN_HAS_DEPENDENTS: caller("run", "A model version was made from the run, so it cannot be deleted."),
  RUN_HAS_NO_CHECKPOINT: caller("run", "The run has not finished an epoch, so there is nothing to register."),
  RUN_NOT_FOUND: caller("run", "There is no run with this id."),
  RUN_STATE_INVALID: caller("run", "The state of the run does not allow this."),
  TEACHER_UNFIT: caller("run", "The classes of the teacher are not those of the dataset.", INVALID_DATA),
  TOO_MANY_KEYS: caller("run", "The comparison was asked for too many metrics."),

  INITIALIZATION_INVALID: caller(
    "weights",
    "The initial weights name not exactly one source, or one that the network cannot start from.",
  ),
  PRETRAINED_UNAVAILABLE: operator(
    "weights",
    "A published file of weights could not be downloaded, or is not in the folder ESPALIER_PRETRAINED_DIR; the run is tried again.",
  ),
  PRETRAINED_DAMAGED: operator(
    "weights",
    "A file of published weights does not have its published digest.",
    INVALID_DATA,
  ),
  WEIGHTS_INVALID: caller(
    "weights",
    "The file is not a supported weights file, or it is damaged.",
    INVALID_DATA,
  ),
  WEIGHTS_MISMATCH: caller(
    "weights",
    "The weights do not fit the network; the message says what they look like, and lists the first mismatches.",
    INVALID_DATA,
  ),

  COMPARISON_FAILED: developer(
    "model",
    "A process that measured models ended unexpectedly; the server's log has the details.",
  ),
  COMPARISON_TOO_LARGE: operator("model", "The memory does not suffice to compare so many models at once."),
  MODEL_DAMAGED: operator("model", "The stored files of a model version have changed.", INVALID_DATA),
  MODEL_FORMAT_UNKNOWN: operator("model", "The stored model version has an unknown format.", INVALID_DATA),
  MODEL_NOT_FOUND: caller(
    "model",
    "There is no model of this name (`MODEL_VERSION_NOT_FOUND` where a model version is expected).",
  ),
  MODEL_VERSION_NOT_FOUND: caller("model", "There is no such model, model version or alias.", {
    ...INVALID_DATA,
    httpStatus: 404,
  }),
  TOO_MANY_COMPARISONS: caller("model", "Too many comparisons of models wait to be measured."),
  TOO_MANY_IMAGES: caller("model", "The call has more images than the server classifies at once."),
  TOP_K_INVALID: caller("model", "`topK` is not a positive integer."),

  EXPORT_ALREADY_ENDED: caller("export", "The export has ended, so it cannot be cancelled."),
  EXPORT_DAMAGED: operator("export", "The stored file of an export has changed or is gone."),
  EXPORT_FAILED: developer(
    "export",
    "The process of the export ended unexpectedly; the server's log has the details.",
  ),
  EXPORT_NOT_FOUND: caller("export", "There is no export with this id, or it has no file of this name.", {
    httpStatus: 404,
  }),
  EXPORT_SETTING_INVALID: caller("export", "A number of images or a bound of an export is out of range."),
  EXPORT_TOO_LARGE: caller("export", "The file format cannot hold a network of this size."),
  EXPORT_UNSUPPORTED: caller("export", "The file format does not have this precision."),
  RUNTIME_FAILED: operator(
    "export",
    "The official runtime of a file format refused an exported file, or failed to run it.",
  ),
  RUNTIME_UNAVAILABLE: operator(
    "export",
    "The official runtime of a file format cannot be had on this machine.",
  ),
  WEIGHTS_NOT_FINITE: caller("export", "The network has weights that are infinite or not a number."),

  BLOB_DAMAGED: operator("storage", "A stored file has changed.", INVALID_DATA),
  BLOB_MISSING: operator("storage", "A stored file is gone.", INVALID_DATA),

  CHECKPOINT_DAMAGED: operator(
    "engine",
    "The files of a checkpoint have changed or cannot be restored.",
    ENGINE_ERROR,
  ),
  CHECKPOINT_MISSING: operator("engine", "The files of a checkpoint are gone.", ENGINE_ERROR),
  ENGINE_CLOSED: developer("engine", "A graph was opened on an engine that is closed.", ENGINE_ERROR),
  ENGINE_ERROR: developer("engine", "TensorFlow refused a graph or a step.", ENGINE_ERROR),
  ENGINE_FAILED: operator("engine", "The thread of the engine ended or could not start.", ENGINE_ERROR),
  ENGINE_INPUT_INVALID: developer(
    "engine",
    "A tensor given to the engine has the wrong type or shape.",
    ENGINE_ERROR,
  ),
  ENGINE_OUT_OF_MEMORY: operator("engine", "A step does not fit into memory.", {
    runEndReason: "OUT_OF_MEMORY",
  }),
  ENGINE_SESSION_CLOSED: developer("engine", "A closed session was used.", ENGINE_ERROR),
  ENGINE_SIGNATURE_UNKNOWN: developer("engine", "The graph has no signature of this name.", ENGINE_ERROR),
  ENGINE_THREADS_FIXED: operator(
    "engine",
    "The process already uses another number of threads.",
    ENGINE_ERROR,
  ),

  GRADIENT_UNDEFINED: developer("graph", "The gradient of an operation is not defined.", ENGINE_ERROR),
  GRAPH_INVALID: developer("graph", "A graph was built from parts that do not fit together.", ENGINE_ERROR),
  NETWORK_INVALID: caller("graph", "No network can be built from this description.", ENGINE_ERROR),
  TRAINING_INVALID: developer("graph", "No training graph can be built from this description.", ENGINE_ERROR),

  DATABASE_CONFLICT: operator(
    "database",
    "A change was rolled back again and again because of other changes (deadlocks or serialization failures).",
    UNAVAILABLE,
  ),
  DATABASE_FOREIGN: operator(
    "database",
    "The schema of the database holds tables of another application, so nothing was changed.",
  ),
  DATABASE_POOLED: operator(
    "database",
    "PostgreSQL is behind a connection pooler in transaction or statement mode, such as PgBouncer's; session mode works.",
  ),
  DATABASE_READ_ONLY: operator(
    "database",
    "PostgreSQL accepts no writes, as a standby does during a failover, so nothing was changed.",
    UNAVAILABLE,
  ),
  DATABASE_REFUSED: operator(
    "database",
    "PostgreSQL refuses a right or a statement that Espalier needs; the message says what to grant.",
  ),
  DATABASE_TOO_NEW: operator("database", "A newer version of Espalier has migrated the database."),
  DATABASE_UNREACHABLE: operator(
    "database",
    "PostgreSQL does not answer, or the connection was lost; a change was saved at most where the message says so.",
    UNAVAILABLE,
  ),
  DATABASE_URL_INVALID: operator(
    "database",
    "DATABASE_URL cannot be read or asks for something that is not supported.",
  ),
  EMBEDDED_POSTGRES_ACCOUNT: operator(
    "database",
    "The account that runs the embedded PostgreSQL cannot be made.",
  ),
  EMBEDDED_POSTGRES_FAILED: operator("database", "A program of the embedded PostgreSQL failed."),
  EMBEDDED_POSTGRES_MISSING: operator(
    "database",
    "The embedded PostgreSQL is not installed for this platform.",
  ),
  EMBEDDED_POSTGRES_UNREACHABLE: operator(
    "database",
    "The account of the embedded PostgreSQL may not enter its folder.",
  ),
  MIGRATION_EDITED: developer("database", "A migration was edited after it had been applied."),
  MIGRATION_FAILED: operator("database", "A migration failed and changed nothing."),
  MIGRATION_INTENT_INVALID: developer("database", "The intent of a new migration is not in snake case."),
  SCHEMA_ENGINE_MISSING: developer("database", "The development dependencies are not installed."),

  ADDON_BUILD_FAILED: operator("installation", "TensorFlow's addon for Node could not be compiled."),
  ADMIN_TOKEN_FILE_INVALID: operator(
    "installation",
    "The file with the admin token does not hold one token.",
  ),
  BUILD_TOOLS_MISSING: operator("installation", "A tool that compiles TensorFlow's addon is missing."),
  CONFIG_INVALID: operator("installation", "An environment variable has a value that it does not take."),
  CUDA_DOWNLOAD_FAILED: operator("installation", "pip could not download the libraries of CUDA."),
  DISK_FULL: operator("installation", "The disk of the home folder has no room."),
  HOME_IN_USE: operator("installation", "Another Espalier is running on the same home folder."),
  HOST_UNUSABLE: operator("installation", "The server cannot listen on this host."),
  NATIVE_LIBRARY_UNAVAILABLE: operator("installation", "TensorFlow could not be set up in the cache folder."),
  NATIVE_LIBRARY_UNUSABLE: operator("installation", "TensorFlow's addon was built but cannot be loaded."),
  PACKAGES_MISSING: operator("installation", "The npm packages are not installed."),
  PIP_MISSING: operator("installation", "pip, which downloads TensorFlow, is missing."),
  PLATFORM_UNSUPPORTED: operator("installation", "TensorFlow is not published for this platform."),
  PORT_IN_USE: operator("installation", "The port is in use."),
  PYTHON_MISSING: operator("installation", "Python, whose pip downloads TensorFlow, is missing."),
  TENSORFLOW_CHECKSUM_MISMATCH: operator(
    "installation",
    "The downloaded file is not the one that TensorFlow published.",
  ),
  TENSORFLOW_DOWNLOAD_FAILED: operator("installation", "pip could not download TensorFlow."),
  TENSORFLOW_FOLDER_INVALID: operator("installation", "ESPALIER_TENSORFLOW_DIR does not hold TensorFlow."),
  WORKER_NEEDS_DATABASE: operator("installation", "A worker was started without DATABASE_URL."),
} satisfies Record<string, ErrorDescription>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_CODES, value);
}

/** Status of an HTTP response with this code. */
export function httpStatusOf(code: ErrorCode): number {
  const { httpStatus }: ErrorDescription = ERROR_CODES[code];
  return httpStatus ?? DEFAULT_HTTP_STATUS;
}

/** Why a run ends when its attempt fails with this code; null: the cause may pass, so the run is tried again. */
export function runEndReasonOf(code: ErrorCode): RunEndReason | null {
  const { runEndReason }: ErrorDescription = ERROR_CODES[code];
  return runEndReason ?? null;
}
