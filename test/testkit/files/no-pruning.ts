import type { PrunedNetworks } from "../../../src/registry/pruning/pruned-networks.js";

/** For runs that prune nothing, without a registry that has versions to prune. */
export const NO_PRUNING: Pick<PrunedNetworks, "resolve" | "open"> = {
  async resolve() {
    throw new Error("These tests launch runs that prune nothing.");
  },
  async open() {
    throw new Error("These tests train runs that prune nothing.");
  },
};
