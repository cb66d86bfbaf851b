import type { SmallNetworkGolden } from "../golden-file.js";
import { weight } from "../golden-formula.js";

const MOMENTUM = 0.9;

/**
 * Converts a moving variance to the value of Keras 3. TensorFlow's fused kernel, PyTorch and Espalier average
 * n / (n - 1) times the variance of a batch with n numbers a channel (Bessel's correction); Keras 3
 * averages the variance itself. Other variables pass unchanged.
 *
 * @param steps training steps since the formula's value
 */
export function withoutBesselsCorrection(
  variable: string,
  value: Float32Array,
  steps: number,
  batchSize: number,
  golden: SmallNetworkGolden,
): Float32Array {
  const [layer, kind] = variable.split("/");
  if (kind !== "moving_variance") return value;
  const row = golden.layers.find(([name]) => name === layer);
  if (row === undefined) throw new Error(`The golden layer table lacks ${layer}.`);
  const [height = 1, width = 1] = row[1];
  const numbers = batchSize * height * width;
  const kept = weight(variable, [value.length]).map((initial) => initial * MOMENTUM ** steps);
  return value.map((current, channel) => {
    const remembered = kept[channel]!;
    return remembered + ((current - remembered) * (numbers - 1)) / numbers;
  });
}
