import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { isFile } from "../../lang/is-file.js";
import { lastLines, runProgram } from "./program.js";

/** The version of Node's stable interface that the addon uses: one build works with every Node since 12.22. */
export const NAPI_VERSION = 8;
export const ADDON_NAME = "tfjs_binding";

/**
 * Compiles the unmodified addon of `@tensorflow/tfjs-node-gpu` in a copy of its sources, so that simultaneous set-ups of
 * one checkout do not interfere.
 *
 * @param packageFolder the package as npm unpacked it
 * @param folder holds `deps`, as `linkDependencies` creates it, and nothing else; the build happens in it
 * @returns the file `tfjs_binding.node`
 * @throws AppError `BUILD_TOOLS_MISSING`, `ADDON_BUILD_FAILED`
 */
export async function buildAddon(packageFolder: string, folder: string): Promise<string> {
  await requireBuildTools(process.env);
  for (const name of ["binding", "binding.gyp", "package.json"]) {
    await cp(path.join(packageFolder, name), path.join(folder, name), { recursive: true });
  }
  const output = path.join(folder, "lib");
  await mkdir(output, { recursive: true });
  const headers = await nodeHeaders();
  const nodeGyp = createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js");
  const built = await runProgram(
    process.execPath,
    [
      ...[nodeGyp, "rebuild", `--module_name=${ADDON_NAME}`, `--module_path=${output}`],
      ...[`--napi_build_version=${NAPI_VERSION}`, `--napi_version=${NAPI_VERSION}`],
      ...(headers === null ? [] : [`--nodedir=${headers}`]),
    ],
    { folder },
  );
  const file = path.join(output, `${ADDON_NAME}.node`);
  if (built.exitCode === 0 && (await isFile(file))) return file;
  throw new AppError(
    "ADDON_BUILD_FAILED",
    `TensorFlow's addon for Node could not be compiled:\n${lastLines(built.output, 20)}\n` +
      (headers === null
        ? "Node's headers are fetched from nodejs.org when they are not beside the executable: check the network."
        : "Check that make, g++ (C++17) and python3 work."),
  );
}

/**
 * @throws AppError `BUILD_TOOLS_MISSING` that names the missing tools
 */
export async function requireBuildTools(environment: NodeJS.ProcessEnv): Promise<void> {
  const programs = ["make", compilerOf(environment)[0], "python3"];
  const found = await Promise.all(
    programs.map((program) => runProgram(program, ["--version"], { environment })),
  );
  const missing = programs.filter((_, index) => found[index]?.missing);
  if (missing.length === 0) return;
  throw new AppError(
    "BUILD_TOOLS_MISSING",
    `TensorFlow's addon for Node is compiled on this machine, which needs make, g++ and python3. ` +
      `There is no ${missing.join(" and no ")}. Install what is missing ` +
      `(Debian: apt-get install ${missing.join(" ")}) and start again.`,
  );
}

/** The C++ compiler: the program, and options that CXX gives it. */
export function compilerOf(environment: NodeJS.ProcessEnv): [program: string, ...options: string[]] {
  const [program = "g++", ...options] = (environment.CXX ?? "").split(/\s+/).filter((word) => word !== "");
  return [program, ...options];
}

/** Node's own headers when they lie beside it, as in its archives and npm packages. */
async function nodeHeaders(): Promise<string | null> {
  const folder = path.resolve(process.execPath, "../..");
  return (await isFile(path.join(folder, "include/node/node_api.h"))) ? folder : null;
}
