import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../src/lang/project-root.js";

const python = process.env.ESPALIER_TEST_PYTHON;

/** Runs a script of `test/golden`. @returns the JSON that it prints */
export async function runGoldenScript<Answer>(script: string, ...arguments_: string[]): Promise<Answer> {
  const file = path.join(projectRoot(import.meta.dirname), "test/golden", script);
  const { stdout } = await promisify(execFile)(python ?? "", [file, ...arguments_], {
    maxBuffer: 64 * 1024 ** 2,
  });
  return JSON.parse(stdout) as Answer;
}

/** Why tests skip that need a Python with these packages; false when it is there. */
export async function whyNoPython(...packages: string[]): Promise<string | false> {
  if (python === undefined || python === "") {
    return `ESPALIER_TEST_PYTHON does not name a Python with ${packages.join(" and ")} (see test/golden/README.md)`;
  }
  return promisify(execFile)(python, ["-c", `import ${packages.join(", ")}`]).then(
    () => false,
    () => `the Python of ESPALIER_TEST_PYTHON lacks ${packages.join(" or ")}`,
  );
}
