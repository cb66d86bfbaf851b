import path from "node:path";
import { AppError } from "../../../core/app-error.js";
import { messageOf } from "../../../lang/text/message-of.js";
import type { Machine } from "../../native/machine.js";
import type { WheelFile, WheelLibrary } from "../../native/wheel.js";
import { type DownloadWheel, downloadWheel } from "../../native/wheel-download.js";
import { provideWheelFolder } from "../../native/wheel-folder.js";

export const LITERT_VERSION = "2.3.0";

interface LiteRtBuild extends WheelFile {
  /** Name of the library in the wheel. */
  readonly libraryFile: string;
}

const PROJECT = "ai-edge-litert";

/** By operating system and processor. */
const BUILDS: Readonly<Record<string, LiteRtBuild>> = {
  "linux-x64": {
    project: PROJECT,
    platformTag: "manylinux_2_27_x86_64",
    sizeBytes: 21_778_233,
    sha256: "1f15078a6725d2357d9de9221664c29afa0545d807559c5f7199ce5e40b96b23",
    libraryFile: "ai_edge_litert/libLiteRt.so",
  },
  "linux-arm64": {
    project: PROJECT,
    platformTag: "manylinux_2_27_aarch64",
    sizeBytes: 14_379_387,
    sha256: "853fc608f96da87bd5f3458465dfb9abbf18d5ae6b94eceacead407146f175ae",
    libraryFile: "ai_edge_litert/libLiteRt.so",
  },
  "darwin-arm64": {
    project: PROJECT,
    platformTag: "macosx_12_0_arm64",
    sizeBytes: 12_821_669,
    sha256: "da19cb1ad08d5113600d1038fbe7390e74e38fcb3e92af86d56a60120343e6d2",
    libraryFile: "ai_edge_litert/libLiteRt.dylib",
  },
};

/**
 * Provides LiteRT, the runtime of TensorFlow Lite files, in the cache. It is downloaded when it is missing or damaged.
 *
 * @returns the file of the library
 * @throws AppError `RUNTIME_UNAVAILABLE` with the reason and what to do
 */
export async function provideLiteRt(options: {
  readonly cacheFolder: string;
  readonly machine: Pick<Machine, "platform" | "architecture">;
  readonly progress: (line: string) => void;
  readonly download?: DownloadWheel;
}): Promise<string> {
  const { cacheFolder, machine, progress, download = downloadWheel } = options;
  const platform = `${machine.platform}-${machine.architecture}`;
  const build = BUILDS[platform];
  if (build === undefined) {
    throw new AppError(
      "RUNTIME_UNAVAILABLE",
      `LiteRT ${LITERT_VERSION} is published for ${Object.keys(BUILDS).join(", ")}. This machine is ${platform}. ` +
        "The file can be used, but is not proven: export it on one of these machines.",
    );
  }
  const name = `litert-${LITERT_VERSION}-${platform}`;
  const { libraryFile, ...wheel } = build;
  try {
    const library = describeLibrary(libraryFile, name);
    const published = { ...wheel, build: null, library };
    const folder = await provideWheelFolder({ cacheFolder, name, wheel: published, download, progress });
    return path.join(folder, libraryFile);
  } catch (error) {
    const reason = messageOf(error);
    throw new AppError(
      "RUNTIME_UNAVAILABLE",
      `LiteRT ${LITERT_VERSION} could not be set up below ${cacheFolder} (ESPALIER_CACHE): ${reason}`,
      { cause: error },
    );
  }
}

function describeLibrary(libraryFile: string, folder: string): WheelLibrary {
  return {
    name: "LiteRT",
    version: LITERT_VERSION,
    python: "3.11",
    unpacked: [libraryFile],
    checked: [libraryFile],
    alternative: `copy the folder ${folder} from the cache of another machine`,
    codes: { downloadFailed: "RUNTIME_UNAVAILABLE", checksumMismatch: "RUNTIME_UNAVAILABLE" },
  };
}
