import { ClientError } from "../../src/client/client-error.js";

/** What a peer's training steps take. */
export interface TrainingFigures {
  readonly imagesPerSecond: number;
  /** Null when the script does not tell the peak. */
  readonly peakMemoryBytes: number | null;
}

/** What a peer's epochs take. */
export interface EpochFigures {
  readonly secondsPerEpoch: number;
  /** Best of all epochs, a fraction. */
  readonly bestValTop1: number;
}

/** "mixed train b8 2644.1ms 3.03 img/s rss 4103" */
const TRAINING_LINE = /\btrain b\d+ [\d.]+ms ([\d.]+) img\/s rss (\d+)\s*$/m;
/** `ru_maxrss` counts KiB, and the Python scripts divide it by a thousand. */
const PYTHON_RSS_BYTES = 1000 * 1024;

/**
 * The line that `keras_vgg19.py`, `torch_vgg19.py` and `tf_function_limit.py` end with.
 *
 * @throws ClientError `PEER_OUTPUT_UNEXPECTED`
 */
export function readPythonTraining(output: string): TrainingFigures {
  const { imagesPerSecond, rss } = readTrainingLine(output);
  return { imagesPerSecond, peakMemoryBytes: rss * PYTHON_RSS_BYTES };
}

/**
 * The line that `tfjs_layers_vgg19.cjs` ends with; its memory is that at the end.
 *
 * @throws ClientError `PEER_OUTPUT_UNEXPECTED`
 */
export function readTfjsTraining(output: string): TrainingFigures {
  return { imagesPerSecond: readTrainingLine(output).imagesPerSecond, peakMemoryBytes: null };
}

function readTrainingLine(output: string): { readonly imagesPerSecond: number; readonly rss: number } {
  const [, images, rss] = TRAINING_LINE.exec(output) ?? [];
  if (images === undefined || rss === undefined) {
    throw unexpected('a line such as "train b8 2644.1ms 3.03 img/s rss 4103"', output);
  }
  return { imagesPerSecond: Number(images), rss: Number(rss) };
}

/**
 * The JSON that `keras_recipe.py` and `torch_recipe.py` end with.
 *
 * @throws ClientError `PEER_OUTPUT_UNEXPECTED`
 */
export function readEpochs(output: string): EpochFigures {
  const { secondsPerEpoch, bestValTop1 } = parseObject(output.trim().split("\n").at(-1) ?? "");
  if (typeof secondsPerEpoch !== "number" || typeof bestValTop1 !== "number") {
    throw unexpected("a last line of JSON with secondsPerEpoch and bestValTop1", output);
  }
  return { secondsPerEpoch, bestValTop1 };
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

const SHOWN_CHARACTERS = 200;

function unexpected(expected: string, output: string): ClientError {
  return new ClientError(
    "PEER_OUTPUT_UNEXPECTED",
    `Expected ${expected}. The script ended with ${JSON.stringify(output.trim().slice(-SHOWN_CHARACTERS))}.`,
  );
}
