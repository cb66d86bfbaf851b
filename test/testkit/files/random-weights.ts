import type { InitialVariables, InitialWeights } from "../../../src/registry/initial-weights.js";

/** Initial weights for runs that start at random, without a registry that has other weights. */
export const RANDOM_WEIGHTS: Pick<InitialWeights, "resolve" | "provide"> = {
  async resolve(input) {
    if (input !== null) throw new Error("These tests launch runs with random weights alone.");
    return { initialization: { kind: "random" }, report: null, layerWidths: null, warnings: [] };
  },
  async provide(initialization): Promise<InitialVariables | null> {
    if (initialization.kind !== "random")
      throw new Error("These tests train runs with random weights alone.");
    return null;
  },
};
