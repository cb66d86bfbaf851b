import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { percentages } from "./percentages.js";
import { lastLines, runProgram } from "./program.js";
import { type LibraryWheel, titleOf, type WheelLibrary } from "./wheel.js";

/** Downloads a wheel and resolves with its file below `folder`. */
export type DownloadWheel = (
  wheel: LibraryWheel,
  folder: string,
  progress: (line: string) => void,
) => Promise<string>;

const POLL_MS = 500;

/**
 * Downloads a wheel with pip, which uses the proxies, mirrors and credentials of this machine.
 *
 * @param folder empty, and large enough for the wheel
 * @throws AppError `PYTHON_MISSING`, `PIP_MISSING`, and the code of the library for a failed download
 */
export const downloadWheel: DownloadWheel = async (wheel, folder, progress) => {
  const { library } = wheel;
  await requirePip(process.env, library);
  const requirement = `${wheel.project}==${library.version}`;
  const report = percentages(`Downloading ${titleOf(wheel)}`, progress);
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
        ...["--implementation", "cp", "--python-version", library.python, "--platform", wheel.platformTag],
        requirement,
      ],
      { environment: { ...process.env, TMPDIR: folder } },
    );
    const file = (await readdir(folder)).find((name) => name.endsWith(".whl"));
    if (exitCode !== 0 || file === undefined) {
      throw new AppError(
        library.codes.downloadFailed,
        `pip could not download ${requirement} for ${wheel.platformTag}:\n${lastLines(output)}\n` +
          `Check the network and pip's index, or ${library.alternative}.`,
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
export async function requirePip(
  environment: NodeJS.ProcessEnv,
  { name, alternative }: Pick<WheelLibrary, "name" | "alternative">,
): Promise<void> {
  const found = await runProgram("python3", ["-m", "pip", "--version"], { environment });
  const otherwise = `or ${alternative}.`;
  if (found.missing) {
    throw new AppError(
      "PYTHON_MISSING",
      `${name} is downloaded with python3 and pip, and python3 is missing. Install both ` +
        `(Debian: apt-get install python3 python3-pip), ${otherwise}`,
    );
  }
  if (found.exitCode !== 0) {
    throw new AppError(
      "PIP_MISSING",
      `${name} is downloaded with pip, and python3 has no pip: ${lastLines(found.output, 1)} Install it ` +
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
