import { stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { isFile } from "../../lang/is-file.js";
import { installCuda } from "./cuda-libraries.js";
import type { Machine } from "./machine.js";
import { FRAMEWORK_NAME, TENSORFLOW, type Wheel, wheelFor } from "./tensorflow-wheels.js";
import { type DownloadWheel, downloadWheel } from "./wheel-download.js";
import { provideWheelFolder } from "./wheel-folder.js";

/** The files of TensorFlow that the addon is built against and loads. */
export interface TensorFlowFolder {
  /** The C interface. Its name is the one that programs linked against it look for. */
  readonly libraryFile: string;
  readonly frameworkFile: string;
  /** Contains `tensorflow/c/c_api.h`. */
  readonly includeFolder: string;
  /** Contains `cublas/lib` and the other CUDA libraries; null where the library needs no CUDA or finds it itself. */
  readonly cudaFolder: string | null;
  /** Changes whenever the addon must be built again. */
  readonly identity: string;
  /** Whether other checkouts can use an addon that was built against it. */
  readonly shared: boolean;
}

const LIBRARY_NAMES = ["libtensorflow_cc.so.2", "libtensorflow.so.2"];

/**
 * Opens TensorFlow in a folder of the user: the folder `tensorflow` of a wheel, or a folder with `lib` and `include`.
 *
 * @throws AppError `TENSORFLOW_FOLDER_INVALID` that names the missing file
 */
export async function openTensorFlowFolder(folder: string): Promise<TensorFlowFolder> {
  const inside = [folder, path.join(folder, "lib"), path.join(folder, "tensorflow")];
  const files = inside.flatMap((parent) => LIBRARY_NAMES.map((name) => path.join(parent, name)));
  const libraryFile = await firstFile(files);
  if (libraryFile === null) throw invalid(folder, LIBRARY_NAMES.join(" or "));
  const libraries = path.dirname(libraryFile);
  const frameworkFile = await firstFile([path.join(libraries, FRAMEWORK_NAME)]);
  if (frameworkFile === null) throw invalid(folder, FRAMEWORK_NAME);
  const headers = [libraries, folder].map((parent) => path.join(parent, "include/tensorflow/c/c_api.h"));
  const header = await firstFile(headers);
  if (header === null) throw invalid(folder, "include/tensorflow/c/c_api.h");

  const { size, mtimeMs } = await stat(libraryFile);
  return {
    libraryFile,
    frameworkFile,
    includeFolder: path.resolve(header, "../../.."),
    cudaFolder: null,
    identity: `${libraryFile} ${size} ${mtimeMs}`,
    shared: false,
  };
}

/**
 * Provides TensorFlow in the cache, and downloads it when it is missing or damaged.
 *
 * @throws AppError `PLATFORM_UNSUPPORTED`, and those of the download
 */
export async function provideTensorFlow(
  cacheFolder: string,
  machine: Machine,
  progress: (line: string) => void,
): Promise<TensorFlowFolder> {
  const wheel = wheelFor(machine);
  if (wheel === null) {
    throw new AppError(
      "PLATFORM_UNSUPPORTED",
      `TensorFlow ${TENSORFLOW.version} can be downloaded for Linux on x64 and arm64. This machine is ` +
        `${machine.platform} on ${machine.architecture}. Name a folder with TensorFlow in ESPALIER_TENSORFLOW_DIR.`,
    );
  }
  const name = `tensorflow-${TENSORFLOW.version}-${wheel.build}-${machine.platform}-${machine.architecture}`;
  return unpackedWheel({ cacheFolder, name, wheel, download: downloadWheel, progress });
}

/** Provides the libraries and headers of one wheel in the folder `name` of the cache. */
export async function unpackedWheel(options: {
  readonly cacheFolder: string;
  readonly name: string;
  readonly wheel: Wheel;
  readonly download: DownloadWheel;
  readonly progress: (line: string) => void;
}): Promise<TensorFlowFolder> {
  const { cacheFolder, name, wheel, download, progress } = options;
  const folder = await provideWheelFolder({
    cacheFolder,
    name,
    wheel: { ...wheel, library: TENSORFLOW },
    download,
    progress,
    complete: async (temporary) => {
      if (wheel.build === "cuda") await installCuda(temporary, progress);
    },
  });
  const libraries = path.join(folder, "tensorflow");
  return {
    libraryFile: path.join(libraries, "libtensorflow_cc.so.2"),
    frameworkFile: path.join(libraries, FRAMEWORK_NAME),
    includeFolder: path.join(libraries, "include"),
    cudaFolder: wheel.build === "cuda" ? path.join(folder, "nvidia") : null,
    identity: name,
    shared: true,
  };
}

async function firstFile(candidates: readonly string[]): Promise<string | null> {
  for (const file of candidates) {
    if (await isFile(file)) return file;
  }
  return null;
}

function invalid(folder: string, missing: string): AppError {
  return new AppError(
    "TENSORFLOW_FOLDER_INVALID",
    `ESPALIER_TENSORFLOW_DIR names ${folder}, which contains no ${missing}. Expected the folder \`tensorflow\` of an ` +
      "unpacked wheel, or a folder with `lib` and `include`. Without the variable, TensorFlow is downloaded.",
  );
}
