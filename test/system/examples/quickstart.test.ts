import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { projectRoot } from "../../../src/lang/project-root.js";
import { startTestEspalier, type TestEspalier } from "../../testkit/api/espalier.js";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";

const execute = promisify(execFile);
const EXAMPLES = path.join(projectRoot(), "examples");

let folder = "";
let archive = "";
let espalier: TestEspalier;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "espalier-test-quickstart-"));
  archive = path.join(folder, "flowers.tar");
  await writeFile(archive, await drawFlowerArchive(8));
  espalier = await startTestEspalier();
});
after(async () => {
  await espalier[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a quickstart as a user does, against the server of this file. @returns the lines of its output */
async function runQuickstart(program: string, ...words: readonly string[]): Promise<readonly string[]> {
  return runQuickstartAt(espalier.url, program, ...words);
}

async function runQuickstartAt(
  url: string,
  program: string,
  ...words: readonly string[]
): Promise<readonly string[]> {
  const environment = { ESPALIER_URL: url, ESPALIER_TOKEN: espalier.adminToken };
  const { stdout } = await execute(program, words, { env: { ...process.env, ...environment } });
  return stdout.trimEnd().split("\n");
}

/** The program and the first words of the command that runs quickstart.ts. */
function typescriptCommand(): readonly [program: string, ...words: string[]] {
  // Older versions of Node strip types only on request.
  const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
  const file = path.join(EXAMPLES, "quickstart.ts");
  return [process.execPath, "--disable-warning=ExperimentalWarning", ...flags, file];
}

/** Undefined when the programs that quickstart.sh needs are installed. */
async function missingProgram(): Promise<string | undefined> {
  for (const program of ["sh", "curl"]) {
    const missing = await execute(program, ["-c", "true"]).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
    if (missing) return program;
  }
  return undefined;
}

/** Runs a quickstart that fails. @returns what it prints on standard error */
async function errorOf(
  command: readonly [string, ...string[]],
  archive: string,
  url = espalier.url,
): Promise<string> {
  const [program, ...words] = command;
  const failure = await runQuickstartAt(url, program, ...words, archive).then(
    (lines) => assert.fail(lines.join("\n")),
    (error: { code: number; stderr: string }) => error,
  );
  assert.equal(failure.code, 1);
  return failure.stderr;
}

test("quickstart.ts goes from a token to a prediction", async () => {
  const lines = await runQuickstart(...typescriptCommand(), archive);
  const expected = [
    /^Imported 40 images as flowers:\d+$/,
    ...Array.from(
      { length: 8 },
      (_, index) => new RegExp(`^Epoch ${index + 1}: validation top-1 \\d\\.\\d{3}$`),
    ),
    /^Registered flowers:\d+$/,
    /^\w+\/\S+ is a (daisy|dandelion|rose|sunflower|tulip) with probability [01]\.\d\d$/,
  ];
  assert.equal(lines.length, expected.length, lines.join("\n"));
  for (const [index, line] of lines.entries()) assert.match(line, expected[index] ?? /$^/);
});

test("quickstart.sh goes from a token to a prediction", async (t) => {
  const missing = await missingProgram();
  if (missing !== undefined) return t.skip(`there is no ${missing}`);
  const lines = await runQuickstart("sh", path.join(EXAMPLES, "quickstart.sh"), archive);
  const expected = [
    /^Imported flowers:\d+$/,
    /^Trained run_\w+$/,
    /^Registered flowers:\d+$/,
    /^smp_\w+ is a (daisy|dandelion|rose|sunflower|tulip)$/,
  ];
  assert.equal(lines.length, expected.length, lines.join("\n"));
  for (const [index, line] of lines.entries()) assert.match(line, expected[index] ?? /$^/);
});

/** The commands of the quickstarts that this machine can run. */
async function commands(): Promise<readonly (readonly [string, ...string[]])[]> {
  const shell = ["sh", path.join(EXAMPLES, "quickstart.sh")] as const;
  return (await missingProgram()) === undefined ? [typescriptCommand(), shell] : [typescriptCommand()];
}

test("a quickstart takes an address with a slash at its end", async () => {
  const text = path.join(folder, "no-archive.zip");
  await writeFile(text, "This is not an archive.");
  for (const command of await commands()) {
    assert.match(await errorOf(command, text, `${espalier.url}/`), /^The import failed: /);
  }
});

test("a quickstart says in one line which address it expects", async () => {
  const { host } = new URL(espalier.url);
  for (const command of await commands()) {
    assert.equal(
      await errorOf(command, archive, host),
      `ESPALIER_URL must be an address such as http://127.0.0.1:4000. Received ${host}.\n`,
    );
  }
});

test("a quickstart says why the import failed", async () => {
  const text = path.join(folder, "text.zip");
  await writeFile(text, "This is not an archive.");
  for (const command of await commands()) {
    assert.match(await errorOf(command, text), /^The import failed: .+ \([A-Z_]+\)\n$/);
  }
});
