import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../src/lang/project-root.js";

/** Exits with 1 when one of the packages is missing. Finding them is faster than importing them. */
const FIND_PACKAGES =
  "import importlib.util as util, sys; sys.exit(any(util.find_spec(name) is None for name in sys.argv[1:]))";

/**
 * Runs a script of `test/golden`.
 *
 * @returns its standard output
 */
export async function runGoldenScript(script: string, ...args: readonly string[]): Promise<string> {
  return runPython(path.join(projectRoot(import.meta.dirname), "test/golden", script), ...args);
}

/** Runs a program. @returns its standard output */
export async function runPython(file: string, ...args: readonly string[]): Promise<string> {
  // The settings of TensorFlow in this process must not reach the other one.
  const env = { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1" };
  const { stdout } = await promisify(execFile)(testPython(), [file, ...args], {
    env,
    maxBuffer: 64 * 1024 ** 2,
  });
  return stdout;
}

/** Runs a script of `test/golden`. @returns the JSON that it prints */
export async function askGoldenScript<Answer>(script: string, ...args: readonly string[]): Promise<Answer> {
  return JSON.parse(await runGoldenScript(script, ...args)) as Answer;
}

/** The reason to skip tests that need a Python with these packages; false when it is there. */
export async function whyNoPython(...packages: readonly string[]): Promise<string | false> {
  if (testPython() === "") {
    return `ESPALIER_TEST_PYTHON does not name a Python with ${packages.join(" and ")} (see test/golden/README.md)`;
  }
  return promisify(execFile)(testPython(), ["-c", FIND_PACKAGES, ...packages]).then(
    () => false,
    () => `the Python of ESPALIER_TEST_PYTHON lacks ${packages.join(" or ")}`,
  );
}

function testPython(): string {
  return process.env.ESPALIER_TEST_PYTHON ?? "";
}
