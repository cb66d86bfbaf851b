import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EXIT } from "../../../src/client/command-line.js";

const BENCHMARKS = ["train", "input", "eventloop", "fanout", "recipe", "peers", "store"];

async function runProgram(folder: string, words: readonly string[]) {
  const main = fileURLToPath(import.meta.resolve(`../../../${folder}/main.js`));
  const child = spawn(process.execPath, [main, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, out, errors };
}

for (const [folder, words, expected] of [
  ["demo", [], /--data <archive>/],
  ["torture", [], /--postgres-restarts <n>/],
  ["bench", [], new RegExp(BENCHMARKS.map((name) => `^ +${name} `).join("[\\s\\S]*"), "m")],
  ["bench", ["store"], /--points-per-run <n>[\s\S]*--json/],
  ["bench", ["train"], /--architecture <VGG11[\s\S]*--json/],
] as const) {
  test(`${[folder, ...words].join(" ")} --help prints the options and exits with 0`, async () => {
    const { code, out, errors } = await runProgram(folder, [...words, "--help"]);
    assert.deepEqual([code, errors], [EXIT.success, ""]);
    assert.match(out, expected);
  });
}

for (const [folder, words, expected] of [
  ["demo", ["--date"], /unknown option '--date'[\s\S]*--data <archive>/],
  ["demo", ["flowers.zip"], /too many arguments[\s\S]*--data <archive>/],
  ["demo", ["--data", "none.zip"], /Expected a file that exists\. Received .*none\.zip/],
  ["torture", ["--kils", "3"], /unknown option '--kils'[\s\S]*--kills <n>/],
  ["bench", [], /Usage: bench[\s\S]*peers/],
  ["bench", ["trian"], /unknown command 'trian'[\s\S]*train/],
  ["bench", ["train", "--bach", "8"], /unknown option '--bach'[\s\S]*--batch <n>/],
  ["bench", ["store", "fast"], /too many arguments[\s\S]*--runs <n>/],
] as const) {
  test(`${[folder, ...words].join(" ")} is refused with what was expected and exits with 2`, async () => {
    const { code, out, errors } = await runProgram(folder, words);
    assert.deepEqual([code, out], [EXIT.usage, ""]);
    assert.match(errors, expected);
  });
}
