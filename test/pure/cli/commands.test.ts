import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { productVersion } from "../../../src/lang/package-version.js";

const MAIN = fileURLToPath(import.meta.resolve("../../../src/cli/main.js"));

function espalier(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    encoding: "utf8",
    env: { ...process.env, COLUMNS: "100" },
  });
  return { status, stdout, stderr };
}

describe("espalier", () => {
  const commands: readonly (readonly [string, RegExp])[] = [
    ["serve", /--json-ready[\s\S]*ESPALIER_PORT +The port to listen on[\s\S]*\(default: 4000\)/],
    ["worker", /DATABASE_URL[\s\S]*ESPALIER_LEASE_SECONDS/],
    ["setup", /ESPALIER_TENSORFLOW_DIR/],
    ["schema", /schema\.graphql[\s\S]*--check/],
    ["docs", /docs\/configuration\.md[\s\S]*--check/],
    ["migrations", /new <intent>/],
  ];
  test("lists every command in its help", () => {
    const { status, stdout } = espalier("--help");
    assert.equal(status, 0);
    for (const [name] of commands) assert.match(stdout, new RegExp(`^ {2}${name} `, "m"));
  });

  for (const [name, expected] of commands) {
    test(`explains ${name} with its options and environment variables`, () => {
      const { status, stdout, stderr } = espalier(name, "--help");
      assert.equal(status, 0);
      assert.match(stdout, expected);
      assert.equal(stderr, "");
    });

    test(`refuses an option that ${name} does not have with exit code 2`, () => {
      const { status, stdout, stderr } = espalier(name, "--frobnicate");
      assert.equal(status, 2);
      assert.equal(stdout, "");
      assert.match(stderr, new RegExp(`^espalier ${name}: unknown option '--frobnicate'`));
      assert.match(stderr, /Options:/);
    });

    test(`refuses an argument that ${name} does not take with exit code 2`, () => {
      const { status, stderr } = espalier(name, "surplus");
      assert.equal(status, 2);
      assert.match(stderr, new RegExp(`^espalier ${name}: .*surplus`));
    });
  }

  test("does not tell a worker about the port that only the server listens on", () => {
    assert.doesNotMatch(espalier("worker", "--help").stdout, /ESPALIER_PORT/);
  });

  test("answers a command that does not exist with those that do, and exit code 2", () => {
    const { status, stderr } = espalier("sevre");
    assert.equal(status, 2);
    assert.match(stderr, /^espalier: unknown command 'sevre'\n\(Did you mean serve\?\)/);
    assert.match(stderr, /serve \[options\]/);
  });

  test("prints its version", async () => {
    const { status, stdout } = espalier("--version");
    assert.equal(status, 0);
    assert.equal(stdout, `${await productVersion()}\n`);
  });

  test("reports a wrong configuration with its code and exit code 1", () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, "serve"], {
      encoding: "utf8",
      env: { ...process.env, ESPALIER_PORT: "http" },
    });
    assert.equal(status, 1);
    assert.match(stderr, /^espalier serve: ESPALIER_PORT must be .* \(CONFIG_INVALID\)\n$/);
  });
});
