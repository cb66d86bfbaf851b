/** A TensorFlow checkpoint to start from. */
export interface InitialVariables {
  /** Holds `variables.index`. */
  readonly folder: string;
  /** Network variables that it gives values to; the others start at random. */
  readonly variables: readonly string[];
}
