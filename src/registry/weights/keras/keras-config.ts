import type { ByteRange } from "../byte-range.js";
import { invalidWeights, quoted } from "../invalid-weights.js";

const MAX_CONFIG_BYTES = 16 * 1024 * 1024;
/** The most levels. A model inside a model adds some; Keras's VGG19 has 8. */
const MAX_LEVELS = 64;

/**
 * Reads the epsilons of a Keras model's batch normalizations, in the order of its layers, from the `config.json` of an
 * archive.
 *
 * @throws AppError `WEIGHTS_INVALID`
 */
export async function readNormalizationEpsilons(config: ByteRange): Promise<readonly number[]> {
  if (config.length > MAX_CONFIG_BYTES) {
    throw invalidWeights(`a config.json of at most ${MAX_CONFIG_BYTES} bytes`, `${config.length}`);
  }
  const text = (await config.read(0, config.length, "config.json")).toString("utf8");
  try {
    return [...epsilonsIn(JSON.parse(text), MAX_LEVELS)];
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw invalidWeights("a config.json in JSON", "something else", cause);
  }
}

function* epsilonsIn(value: unknown, levels: number): Generator<number> {
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) throw invalidWeights(`a config.json of at most ${MAX_LEVELS} levels`, "more");
  const { class_name: className, config } = value as Record<string, unknown>;
  if (className === "BatchNormalization" && typeof config === "object" && config !== null) {
    const { epsilon } = config as Record<string, unknown>;
    if (typeof epsilon !== "number" || !(epsilon > 0)) {
      throw invalidWeights(
        "an epsilon above 0 for every batch normalization",
        quoted(JSON.stringify(epsilon) ?? ""),
      );
    }
    yield epsilon;
    return;
  }
  for (const part of Object.values(value)) yield* epsilonsIn(part, levels - 1);
}
