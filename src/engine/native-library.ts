import path from "node:path";
import { AppError } from "../core/app-error.js";
import type { Config } from "../core/config.js";
import { projectRoot } from "../lang/project-root.js";
import { messageOf } from "../lang/text/message-of.js";
import { provideAddon } from "./native/addon.js";
import { provideKernels } from "./native/kernels.js";
import { detectMachine } from "./native/machine.js";
import { openTensorFlowFolder, provideTensorFlow } from "./native/tensorflow-folder.js";

/** A native library that is ready to be loaded. */
export interface NativeLibrary {
  /** The addon of `@tensorflow/tfjs-node-gpu`, linked against TensorFlow. */
  readonly addonFile: string;
  /** The custom ops, loaded after the addon; null where this machine cannot use them or the configuration says so. */
  readonly kernelsFile: string | null;
}

/**
 * Finds TensorFlow and its addon for Node, and downloads, verifies and builds what is missing. On a new machine this takes
 * a minute or two and needs the network; afterwards it takes milliseconds.
 *
 * @param progress called with lines for a person to read; not called when nothing is missing
 * @throws AppError that says what is missing, why, and what to do
 */
export async function provideNativeLibrary(
  config: Pick<Config, "cacheFolder" | "tensorflowFolder" | "customOps">,
  progress: (line: string) => void,
): Promise<NativeLibrary> {
  const { cacheFolder, tensorflowFolder, customOps } = config;
  try {
    const machine = detectMachine(process.env);
    const tensorflow =
      tensorflowFolder === null
        ? await provideTensorFlow(cacheFolder, machine, progress)
        : await openTensorFlowFolder(tensorflowFolder);
    const packageFolder = path.join(projectRoot(), "node_modules/@tensorflow/tfjs-node-gpu");
    const addonFile = await provideAddon(packageFolder, cacheFolder, tensorflow, progress);
    if (!customOps) return { addonFile, kernelsFile: null };
    const folder = path.join(projectRoot(), "native");
    const kernels = { folder, machine, cacheFolder, tensorflow, addonFile };
    return { addonFile, kernelsFile: await provideKernels(kernels, progress) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = messageOf(error);
    throw new AppError(
      "NATIVE_LIBRARY_UNAVAILABLE",
      `TensorFlow could not be set up below ${cacheFolder} (ESPALIER_CACHE): ${reason}. ` +
        "Check that it is writable and has about 1.5 GB of free space.",
      { cause: error },
    );
  }
}
