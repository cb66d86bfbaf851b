import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

/** Says again and again that it runs, and which signals it receives, and ends itself after a while. */
const SERVER = `process.on("SIGTERM", () => { console.log("SIGTERM"); setTimeout(() => process.exit(0), 1500); });
  setTimeout(() => process.exit(1), 15_000);
  console.log("running");
  setInterval(() => console.log("running"), 500);`;

/** A project whose scripts begin as those of this one, and run a small program in place of the server. */
async function writeProject(folder: string): Promise<void> {
  const launcher = pathToFileURL(path.join(projectRoot(), "launcher/process.mjs")).href;
  const scripts = { start: "node launcher/launch.mjs start", other: "node launcher/launch.mjs start" };
  await mkdir(path.join(folder, "launcher"));
  await writeFile(path.join(folder, "package.json"), JSON.stringify({ scripts }));
  await writeFile(
    path.join(folder, "launcher/launch.mjs"),
    `import { become } from ${JSON.stringify(launcher)};
     process.exitCode = await become(process.execPath, ["-e", ${JSON.stringify(SERVER)}]);
     console.log("ended", process.exitCode);`,
  );
}

test("a server ends once, with its work saved, when the npm that started it is stopped", async () => {
  await using temporary = await temporaryFolder();
  await writeProject(temporary.folder);
  const npm = spawn("npm", ["--silent", "start"], {
    cwd: temporary.folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: npm.stdout })) {
    if (line !== "running") said.push(line);
    else if (said.length === 0) npm.kill("SIGTERM");
  }
  assert.deepEqual(said, ["SIGTERM", "ended 0"]);
});

test("a server that a program started outlives that program", async () => {
  await using temporary = await temporaryFolder();
  await writeProject(temporary.folder);
  const starter = `const server = require("node:child_process").spawn(process.execPath,
      ["launcher/launch.mjs", "start"], { detached: true, stdio: ["ignore", "inherit", "inherit"] });
    console.log(server.pid);
    setTimeout(() => process.exit(0), 1000);`;
  const program = spawn(process.execPath, ["-e", starter], {
    cwd: temporary.folder,
    env: { ...process.env, npm_lifecycle_event: "other", npm_lifecycle_script: "node starter.js" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: program.stdout });
  const [launcher] = (await once(lines, "line")) as [string];
  await once(program, "exit");
  const said: string[] = [];
  for await (const line of lines) {
    said.push(line);
    if (said.length === 5) process.kill(Number(launcher), "SIGTERM");
  }
  assert.deepEqual(said.slice(0, 5), Array(5).fill("running"));
});
