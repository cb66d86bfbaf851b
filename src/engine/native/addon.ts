import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { isFile } from "../../lang/is-file.js";
import { packageVersion } from "../../lang/package-version.js";
import { ignoring } from "../../lang/system-errors.js";
import { ADDON_NAME, buildAddon, NAPI_VERSION } from "./addon-build.js";
import { lastLines, runProgram } from "./program.js";
import { publishFolder, withTemporaryFolder } from "./shared-cache.js";
import type { TensorFlowFolder } from "./tensorflow-folder.js";

/** A file beside the addon that says what it was built from. While its content is the same, nothing is built. */
const STAMP_FILE = "espalier.json";

/**
 * Prepares the addon in `packageFolder`: `deps` links to TensorFlow, and `lib` holds the addon, which comes from the cache
 * or is compiled. When it is ready, this costs a few calls of `stat`.
 *
 * @returns the file of the addon
 * @throws AppError `PACKAGES_MISSING`, `NATIVE_LIBRARY_UNUSABLE`, and those of the build
 */
export async function provideAddon(
  packageFolder: string,
  cacheFolder: string,
  tensorflow: TensorFlowFolder,
  progress: (line: string) => void,
): Promise<string> {
  const version = await versionOf(packageFolder);
  const lib = path.join(packageFolder, `lib/napi-v${NAPI_VERSION}`);
  const addonFile = path.join(lib, `${ADDON_NAME}.node`);
  const stampFile = path.join(lib, STAMP_FILE);
  const stamp = JSON.stringify({ version, tensorflow });
  if (await isReady(addonFile, stampFile, stamp)) return addonFile;

  await linkDependencies(packageFolder, tensorflow);
  await mkdir(lib, { recursive: true });
  const build = async (target: string): Promise<void> => {
    progress("Compiling TensorFlow's addon for Node, about half a minute");
    await withTemporaryFolder(cacheFolder, "addon", async (folder) => {
      await linkDependencies(folder, tensorflow);
      await copyFile(await buildAddon(packageFolder, folder), target);
    });
  };
  if (tensorflow.shared) {
    const name = `addon-${version}-napi-v${NAPI_VERSION}-${tensorflow.identity}`;
    const cached = await publishFolder({
      cacheFolder,
      name,
      isWhole: async (folder) => isFile(path.join(folder, `${ADDON_NAME}.node`)),
      fill: (folder) => build(path.join(folder, `${ADDON_NAME}.node`)),
    });
    await replaceFile(addonFile, (target) => copyFile(path.join(cached, `${ADDON_NAME}.node`), target));
  } else {
    await replaceFile(addonFile, build);
  }
  const loaded = await probe(addonFile);
  progress(`TensorFlow ${loaded} is ready`);
  await replaceFile(stampFile, (target) => writeFile(target, stamp));
  return addonFile;
}

/**
 * Links `deps` below the package to TensorFlow, with the names that its `binding.gyp` and its run path expect: `deps/lib`,
 * `deps/include`, and `deps/nvidia`, which the run path of TensorFlow finds.
 */
async function linkDependencies(packageFolder: string, tensorflow: TensorFlowFolder): Promise<void> {
  const { libraryFile, frameworkFile, includeFolder, cudaFolder } = tensorflow;
  const temporary = await mkdtemp(path.join(packageFolder, ".deps-"));
  const finished = path.join(temporary, "deps");
  const lib = path.join(finished, "lib");
  await mkdir(lib, { recursive: true });
  await symlink(libraryFile, path.join(lib, path.basename(libraryFile)));
  await symlink(frameworkFile, path.join(lib, path.basename(frameworkFile)));
  await symlink(path.basename(libraryFile), path.join(lib, "libtensorflow.so"));
  await symlink(path.basename(frameworkFile), path.join(lib, "libtensorflow_framework.so"));
  await symlink(includeFolder, path.join(finished, "include"));
  if (cudaFolder !== null) await symlink(cudaFolder, path.join(finished, "nvidia"));

  // Another process of this checkout may be loading the library, so it is missing only between two renames.
  const deps = path.join(packageFolder, "deps");
  await rename(deps, path.join(temporary, "old")).catch(ignoring("ENOENT"));
  // ENOTEMPTY: another set-up of this checkout has already created the same links.
  await rename(finished, deps).catch(ignoring("ENOTEMPTY", "EEXIST"));
  await rm(temporary, { recursive: true, force: true });
}

async function isReady(addonFile: string, stampFile: string, stamp: string): Promise<boolean> {
  const library = path.resolve(addonFile, "../../../deps/lib/libtensorflow.so");
  return (
    (await readFile(stampFile, "utf8").catch(() => "")) === stamp &&
    (await isFile(addonFile)) &&
    (await isFile(library))
  );
}

/** Loads the addon in a separate process, because a broken library can end the process that loads it. */
async function probe(addonFile: string): Promise<string> {
  const script = "process.stdout.write('\\n' + require(process.argv[1]).TF_Version)";
  const { exitCode, output } = await runProgram(process.execPath, ["-e", script, addonFile], {
    environment: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
  });
  if (exitCode === 0) return lastLines(output, 1);
  throw new AppError(
    "NATIVE_LIBRARY_UNUSABLE",
    `TensorFlow's addon was built, but cannot be loaded:\n${lastLines(output)}\n` +
      "Expected a system with glibc 2.27 or newer and the libraries that the message names. If TensorFlow " +
      "itself is damaged, remove the cache folder (ESPALIER_CACHE) and start again.",
  );
}

function versionOf(packageFolder: string): Promise<string> {
  return packageVersion(packageFolder).catch((cause: unknown) => {
    throw new AppError(
      "PACKAGES_MISSING",
      `Expected the package @tensorflow/tfjs-node-gpu in ${packageFolder}. Run \`npm ci --ignore-scripts\`.`,
      { cause },
    );
  });
}

async function replaceFile(file: string, write: (temporary: string) => Promise<unknown>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await write(temporary);
  await rename(temporary, file);
}
