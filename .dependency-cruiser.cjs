/** Which folder of src/ may import which; a folder may always import itself. Types count too. */
const MAY_IMPORT = {
  core: [],
  telemetry: ["core"],
  graph: ["core"],
  db: ["core", "telemetry"],
  access: ["core", "telemetry", "db"],
  engine: ["core", "telemetry", "graph"],
  data: ["core", "telemetry", "db"],
  registry: ["core", "telemetry", "db", "graph", "engine", "data"],
  training: ["core", "telemetry", "db", "graph", "engine", "data", "registry"],
  serving: ["core", "telemetry", "graph", "engine", "data", "registry"],
  // The system query describes the engine, so the words for that are the API's too.
  api: [
    "core",
    "telemetry",
    "access",
    "data",
    "registry",
    "training",
    "serving",
    "engine/engine-protocol.ts",
  ],
  web: [],
  cli: ["core", "telemetry", "app"],
};

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
    {
      name: "known-folders",
      comment: "A new folder of src/ needs a line in this table.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^src/", pathNot: [...Object.keys(MAY_IMPORT), "app"].map((folder) => `^src/${folder}/`) },
    },
    {
      name: "only-stores-touch-the-database",
      comment: "SQL and Prisma stay in files named *-store.ts; the app opens the database.",
      severity: "error",
      from: { path: "^src/", pathNot: ["-store\\.ts$", "^src/(db|app)/"] },
      to: { path: "^src/db/" },
    },
    {
      name: "only-the-engine-loads-tensorflow",
      severity: "error",
      from: { path: "^(src|demo|bench|torture)/", pathNot: "^src/engine/" },
      to: { path: "node_modules/@tensorflow/" },
    },
    {
      name: "only-data-and-demo-decode-pictures",
      severity: "error",
      from: { path: "^(src|bench|torture)/", pathNot: "^src/data/" },
      to: { path: "node_modules/sharp/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: { pathNot: "^src/db/generated/" },
      to: { circular: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API yet, so swc reads the sources (see launcher/import-rules.mjs).
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
