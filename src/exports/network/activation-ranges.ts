/** The smallest and the greatest value that flowed somewhere in a network. */
export interface ValueRange {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * The range of the output of each folded layer, by its name, and of the scaled images, by the name that stands for the
 * input of a network.
 */
export type ActivationRanges = ReadonlyMap<string, ValueRange>;
