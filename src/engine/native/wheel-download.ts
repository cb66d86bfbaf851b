import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { percentages } from "./percentages.js";
import { lastLines, runProgram } from "./program.js";
import { TENSORFLOW_VERSION, WHEEL_PYTHON, type Wheel } from "./tensorflow-wheels.js";

/** Downloads a wheel and resolves with its file below `folder`. */
export type DownloadWheel = (
  wheel: Wheel,
  folder: string,
  progress: (line: string) => void,
) => Promise<string>;

const POLL_MS = 500;

/**
 * Downloads a wheel with pip, which uses the proxies, mirrors and credentials of this machine.
 *
 * @param folder empty, and large enough for the wheel
 * @throws AppError `PYTHON_MISSING`, `PIP_MISSING`, `TENSORFLOW_DOWNLOAD_FAILED`
 */
export const downloadWheel: DownloadWheel = async (wheel, folder, progress) => {
  await requirePip(process.env);
  const requirement = `${wheel.project}==${TENSORFLOW_VERSION}`;
  const report = percentages(`Downloading TensorFlow ${TENSORFLOW_VERSION} (${wheel.build})`, progress);
  report(0, wheel.sizeBytes);
  // pip draws its progress bar on terminals only, so the progress is read from the size of the file.
  const poll = setInterval(() => {
    void largestFileBytes(folder).then((bytes) => report(bytes, wheel.sizeBytes));
  }, POLL_MS);
  try {
    const { exitCode, output } = await runProgram(
      "python3",
      [
        ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"],
        ...["--disable-pip-version-check", "--progress-bar", "off", "--dest", folder],
        ...["--implementation", "cp", "--python-version", WHEEL_PYTHON, "--platform", wheel.platformTag],
        requirement,
      ],
      { environment: { ...process.env, TMPDIR: folder } },
    );
    const file = (await readdir(folder)).find((name) => name.endsWith(".whl"));
    if (exitCode !== 0 || file === undefined) {
      throw new AppError(
        "TENSORFLOW_DOWNLOAD_FAILED",
        `pip could not download ${requirement} for ${wheel.platformTag}:\n${lastLines(output)}\n` +
          "Check the network and pip's index, or name a folder with TensorFlow in ESPALIER_TENSORFLOW_DIR.",
      );
    }
    report(wheel.sizeBytes, wheel.sizeBytes);
    return path.join(folder, file);
  } finally {
    clearInterval(poll);
  }
};

/**
 * @throws AppError `PYTHON_MISSING`, `PIP_MISSING`
 */
export async function requirePip(environment: NodeJS.ProcessEnv): Promise<void> {
  const found = await runProgram("python3", ["-m", "pip", "--version"], { environment });
  const otherwise = "or name a folder with TensorFlow in ESPALIER_TENSORFLOW_DIR.";
  if (found.missing) {
    throw new AppError(
      "PYTHON_MISSING",
      "TensorFlow is downloaded with python3 and pip, and python3 is missing. Install both " +
        `(Debian: apt-get install python3 python3-pip), ${otherwise}`,
    );
  }
  if (found.exitCode !== 0) {
    throw new AppError(
      "PIP_MISSING",
      `TensorFlow is downloaded with pip, and python3 has no pip: ${lastLines(found.output, 1)} Install it ` +
        `(Debian: apt-get install python3-pip), ${otherwise}`,
    );
  }
}

async function largestFileBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = names.map((name) =>
    stat(path.join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}
