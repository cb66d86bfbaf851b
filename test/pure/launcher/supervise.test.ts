import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

type Supervise = (
  program: string,
  args: readonly string[],
  options?: { env?: NodeJS.ProcessEnv },
) => Promise<number>;

async function superviseScript(script: string, log: string): Promise<number> {
  const file = pathToFileURL(path.join(projectRoot(), "launcher/supervise.mjs")).href;
  const { supervise } = (await import(file)) as { supervise: Supervise };
  const noting = `const { appendFileSync, readFileSync } = require("node:fs");
    const note = (line) => appendFileSync(${JSON.stringify(log)}, line + "\\n");
    note(process.pid + " " + (process.env.ESPALIER_CRASH ?? "in order"));
    const starts = readFileSync(${JSON.stringify(log)}, "utf8").trim().split("\\n").length;`;
  return supervise(process.execPath, ["-e", `${noting}\n${script}`]);
}

async function linesOf(log: string): Promise<readonly string[]> {
  return (await readFile(log, "utf8")).trim().split("\n");
}

test("a server that crashes is started again, and learns how the process before it ended", async () => {
  await using temporary = await temporaryFolder();
  const log = path.join(temporary.folder, "log");
  const code = await superviseScript(
    `if (starts === 1) { process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000); } else process.exit(3);`,
    log,
  );
  const [first = "", second = ""] = await linesOf(log);
  assert.equal(code, 3);
  assert.equal(first.split(" ").slice(1).join(" "), "in order");
  assert.equal(second.split(" ").slice(1).join(" "), `SIGSEGV ${first.split(" ")[0]}`);
});

test("a server that was stopped or cannot start is not started again", async () => {
  await using temporary = await temporaryFolder();
  for (const [index, script] of ["process.exit(1)", `process.kill(process.pid, "SIGTERM")`].entries()) {
    const log = path.join(temporary.folder, `log-${index}`);
    await superviseScript(`${script}; setInterval(() => {}, 1000);`, log);
    assert.equal((await linesOf(log)).length, 1);
  }
});

test("a server that crashes five times within a minute is not started again", async () => {
  await using temporary = await temporaryFolder();
  const log = path.join(temporary.folder, "log");
  const code = await superviseScript(
    `process.kill(process.pid, "SIGABRT"); setInterval(() => {}, 1000);`,
    log,
  );
  assert.equal(code, 128 + 6);
  assert.equal((await linesOf(log)).length, 5);
});
