/** The folders of src/ that each folder may import beside itself. Imports of types alone count too. */
const MAY_IMPORT = {
  lang: [],
  core: ["lang"],
  telemetry: ["lang", "core"],
  graph: ["lang", "core"],
  db: ["lang", "core", "telemetry"],
  access: ["lang", "core", "telemetry", "db"],
  engine: ["lang", "core", "telemetry", "graph"],
  data: ["lang", "core", "telemetry", "db"],
  registry: ["lang", "core", "telemetry", "db", "graph", "engine", "data"],
  exports: ["lang", "core", "telemetry", "db", "graph", "engine", "data", "registry"],
  training: ["lang", "core", "telemetry", "db", "graph", "engine", "data", "registry"],
  serving: ["lang", "core", "telemetry", "graph", "engine", "data", "registry", "exports"],
  // The query `system` describes the engine in the engine's own types.
  api: [
    "lang",
    "core",
    "telemetry",
    "access",
    "data",
    "registry",
    "exports",
    "training",
    "serving",
    "engine/engine-protocol.ts",
  ],
  web: [],
  // A client knows only the schema of the server.
  client: [],
  cli: ["lang", "core", "telemetry", "client", "app"],
};

/**
 * Subfolders in the order in which data flows through them: a subfolder may import those before it in the list, and files
 * beside the subfolders.
 */
const LAYERS = {
  data: ["blobs", "images", "sources", "versions", "imports", "shards"],
  exports: ["processes", "files", "network", "proving", "formats", "attempt", "jobs", "comparison"],
  training: [
    "configuration",
    "events",
    "record",
    "evaluation",
    "comparison",
    "lifecycle",
    "loop",
    "augmentation",
    "tensorboard",
    "pruning",
    "attempt",
  ],
};

const layerRules = Object.entries(LAYERS).flatMap(([folder, layers]) =>
  layers.map((layer, position) => ({
    name: `layers-of-${folder}-${layer}`,
    comment: `src/${folder}/${layer} may import ${layers.slice(0, position).join(", ") || "no other layer"} of src/${folder}.`,
    severity: "error",
    from: { path: `^src/${folder}/${layer}/` },
    to: {
      path: `^src/${folder}/`,
      pathNot: [
        `^src/${folder}/[^/]+$`,
        ...layers.slice(0, position + 1).map((before) => `^src/${folder}/${before}/`),
      ],
    },
  })),
);

const folderRules = Object.entries(MAY_IMPORT).map(([folder, targets]) => ({
  name: `imports-of-${folder}`,
  comment: `src/${folder} may import ${targets.join(", ") || "no other folder of src"}.`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: {
    path: "^src/",
    pathNot: [folder, ...targets].map((target) => `^src/${target}${target.endsWith(".ts") ? "$" : "/"}`),
  },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    ...layerRules,
    {
      name: "known-folders",
      comment: "A new folder of src/ needs a line in this table.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/", pathNot: [...Object.keys(MAY_IMPORT), "app"].map((folder) => `^src/${folder}/`) },
    },
    {
      name: "only-stores-touch-the-database",
      comment:
        "Queries stay in files named *-store.ts, their parts in *-query.ts and *-row.ts; the app opens the database.",
      severity: "error",
      from: { path: "^src/", pathNot: ["-(store|query|row)\\.ts$", "^src/(db|app)/"] },
      to: { path: "^src/db/" },
    },
    {
      name: "only-the-database-loads-its-driver",
      comment: "Rows that Prisma Client and Kysely read have types from the schema; those of pg have none.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/db/" },
      to: { path: "node_modules/(pg|@prisma/adapter-pg|@prisma/client)/" },
    },
    {
      name: "only-the-engine-loads-tensorflow",
      severity: "error",
      // A peer of the benchmarks is a program of its own, which measures TensorFlow.js itself.
      from: { path: "^(src|demo|bench|torture)/", pathNot: ["^src/engine/", "^bench/peers/scripts/"] },
      to: { path: "node_modules/@tensorflow/" },
    },
    {
      name: "only-data-and-demo-decode-images",
      severity: "error",
      from: { path: "^(src|bench|torture)/", pathNot: "^src/data/" },
      to: { path: "node_modules/sharp/" },
    },
    {
      name: "the-demo-is-a-client",
      comment: "The demo uses the API as any other client does.",
      severity: "error",
      from: { path: "^demo/" },
      to: { path: "^src/", pathNot: "^src/client/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: { pathNot: "^src/db/generated/" },
      to: { circular: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API, so that swc reads the sources (see launcher/import-rules.mjs).
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
