import type { Teachers } from "../../../src/registry/teachers.js";

/** Teachers for runs that learn from labels alone, without a registry that has models. */
export const NO_TEACHERS: Pick<Teachers, "find"> = {
  async find() {
    throw new Error("These tests launch runs without teachers.");
  },
};
