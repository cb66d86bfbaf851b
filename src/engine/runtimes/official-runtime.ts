/** The outputs of a file for a batch of images. */
export interface RuntimeOutputs {
  /** [n, classes] */
  readonly probabilities: Float32Array;
  /** [n, classes]; null where the file does not give them. */
  readonly logits: Float32Array | null;
}

/** An exported file, opened in the official runtime of its format. */
export interface OfficialRuntime extends AsyncDisposable {
  /** "ONNX Runtime" */
  readonly name: string;
  readonly version: string;
  /**
   * Classifies images.
   *
   * @param images uint8 [count, size, size, 3], red first
   */
  run(images: Uint8Array, count: number): Promise<RuntimeOutputs>;
}
