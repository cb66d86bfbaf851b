/** Opens a file in LiteRT and classifies a black image: `node open-tflite.js FILE SIZE`. Prints what came of it. */

import { AppError } from "../../../src/core/app-error.js";
import { parseConfig } from "../../../src/core/config.js";
import { openLiteRt } from "../../../src/engine/runtimes/litert/litert-runtime.js";

const [file = "", size = ""] = process.argv.slice(2);
try {
  const { cacheFolder } = parseConfig(process.env);
  await using runtime = await openLiteRt(file, { cacheFolder, threads: 1, progress: () => {} });
  await runtime.run(new Uint8Array(Number(size) ** 2 * 3), 1);
  process.stdout.write("CLASSIFIED\n");
} catch (error) {
  process.stdout.write(error instanceof AppError ? `${error.code}\n` : `${String(error)}\n`);
}
