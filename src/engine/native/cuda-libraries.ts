import { writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../core/app-error.js";
import { lastLines, runProgram } from "./program.js";
import { CUDA_WHEELS, TENSORFLOW } from "./tensorflow-wheels.js";

/**
 * Installs CUDA 12 from NVIDIA's wheels into `folder/nvidia`, where TensorFlow's CUDA build looks for it. The driver must
 * already be installed.
 *
 * @throws AppError `CUDA_DOWNLOAD_FAILED`
 */
export async function installCuda(folder: string, progress: (line: string) => void): Promise<void> {
  progress("Downloading CUDA 12 for the GPU, about 3 GB");
  const requirements = path.join(folder, "cuda-requirements.txt");
  const lines = CUDA_WHEELS.map(
    ([project, version, sha256]) => `${project}==${version} --hash=sha256:${sha256}\n`,
  );
  await writeFile(requirements, lines.join(""));
  const { exitCode, output } = await runProgram("python3", [
    ...["-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--require-hashes"],
    ...["--disable-pip-version-check", "--progress-bar", "off", "--target", folder],
    ...["--implementation", "cp", "--python-version", TENSORFLOW.python],
    ...["manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64"].flatMap((tag) => [
      "--platform",
      tag,
    ]),
    ...["--requirement", requirements],
  ]);
  if (exitCode === 0) return;
  throw new AppError(
    "CUDA_DOWNLOAD_FAILED",
    `This machine has an NVIDIA GPU, and pip could not download CUDA for it:\n${lastLines(output)}\n` +
      "Check the network and pip's index, or set CUDA_VISIBLE_DEVICES=-1 to train on the processor.",
  );
}
