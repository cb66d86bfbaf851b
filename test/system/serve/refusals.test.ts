import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createEmptyDatabase } from "../../testkit/postgres/database.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const MAIN = fileURLToPath(import.meta.resolve("../../../src/cli/main.js"));
/** A start that hangs is ended. */
const TIMEOUT_MS = 60_000;

/** Starts a command that cannot start, and returns what it writes. */
async function failingStart(command: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const env = { ...process.env, ESPALIER_PORT: "0", ESPALIER_LOG_LEVEL: "warn", ...environment };
  const server = spawn(process.execPath, [MAIN, command], { env, timeout: TIMEOUT_MS });
  const errors = text(server.stderr);
  const ended = await once(server, "close");
  assert.deepEqual(ended, [1, null], await errors);
  return await errors;
}

describe("a home folder that cannot be used is refused in one line:", () => {
  const unreachable = "postgres://127.0.0.1:1/nothing";

  for (const home of ["/etc/passwd", "/etc/passwd/x", "/proc/x", "/proc/x/y"]) {
    for (const command of ["serve", "worker"]) {
      test(`${home}, by ${command}`, async () => {
        const errors = await failingStart(command, { ESPALIER_HOME: home, DATABASE_URL: unreachable });
        assert.equal(errors.trim().split("\n").length, 1, errors);
        assert.match(errors, /^espalier \w+: ESPALIER_HOME must be a folder .* \(CONFIG_INVALID\)\n$/);
        assert.ok(errors.includes(`which ${home} is not`), errors);
      });
    }
  }

  test("one without permission to write", {
    skip: process.getuid?.() === 0 && "root may write",
  }, async () => {
    await using temporary = await temporaryFolder();
    await chmod(temporary.folder, 0o500);
    const errors = await failingStart("serve", { ESPALIER_HOME: temporary.folder });
    assert.match(errors, /^espalier serve: ESPALIER_HOME .*EACCES.* \(CONFIG_INVALID\)\n$/);
    await chmod(temporary.folder, 0o700);
  });
});

test("a cache that cannot be created has a code, and does not hang", async () => {
  await using temporary = await temporaryFolder();
  const errors = await failingStart("serve", {
    ESPALIER_HOME: temporary.folder,
    ESPALIER_CACHE: "/proc/x",
    ESPALIER_TENSORFLOW_DIR: "",
  });
  assert.match(errors, /\/proc\/x/);
  assert.match(errors, /\([A-Z_]+\)\n$/);
});

test("a start warns of variables that nothing reads, and of folders that are not there", async () => {
  await using temporary = await temporaryFolder();
  const file = path.join(temporary.folder, "file");
  await writeFile(file, "");
  const errors = await failingStart("serve", {
    ESPALIER_HOME: file,
    ESPALIER_PROT: "1",
    DATABASE_URl: "postgres://me:secret@host/app",
    ESPALIER_IMPORT_ROOTS: [temporary.folder, "/nowhere", file].join(path.delimiter),
    ESPALIER_PRETRAINED_DIR: "/nowhere",
    ESPALIER_TEST_PYTHON: "/usr/bin/python3",
  });
  const warnings = errors
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { level: string; message: string });
  assert.deepEqual(
    warnings.map(({ level, message }) => `${level}: ${message}`),
    [
      "warn: nothing reads the environment variable DATABASE_URl; did you mean DATABASE_URL?",
      "warn: nothing reads the environment variable ESPALIER_PROT; did you mean ESPALIER_PORT?",
      "warn: ESPALIER_IMPORT_ROOTS names /nowhere, which is not a folder",
      `warn: ESPALIER_IMPORT_ROOTS names ${file}, which is not a folder`,
      "warn: ESPALIER_PRETRAINED_DIR names /nowhere, which is not a folder",
    ],
  );
  assert.doesNotMatch(errors, /secret/);
});

test("a role without rights is told what to grant, with a code and without a stack", async () => {
  await using empty = await createEmptyDatabase();
  await using home = await temporaryFolder();
  const admin = new pg.Client({ connectionString: empty.url });
  await admin.connect();
  const role = `guest_${randomBytes(6).toString("hex")}`;
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'sesame'`);
  try {
    const url = new URL(empty.url);
    url.username = role;
    url.password = "sesame";
    const errors = await failingStart("serve", { DATABASE_URL: url.href, ESPALIER_HOME: home.folder });
    assert.match(
      errors,
      /\nespalier serve: .*GRANT USAGE, CREATE ON SCHEMA "public" .* \(DATABASE_REFUSED\)\n$/,
    );
    assert.doesNotMatch(errors, /\n {4}at |sesame/);
  } finally {
    await admin.query(`DROP ROLE ${role}`);
    await admin.end();
  }
});
