import { defaultsOf } from "../../src/core/settings/resolution.js";
import { RUN_SETTINGS } from "../../src/core/settings/run-settings.js";
import { trainingOfRun } from "../../src/graph/architectures/network-spec.js";

const {
  optimizer: _optimizer,
  learningRate: _learningRate,
  epochs: _epochs,
  stepsPerEpoch: _stepsPerEpoch,
  ...plain
} = trainingOfRun(defaultsOf(RUN_SETTINGS), {
  stepsPerEpoch: 1,
  cachedFeatures: false,
  accumulation: false,
  microBatchSize: 8,
  importedVariables: [],
  importedClasses: null,
  teacher: null,
  customOps: [],
  eigenKernelGradients: [],
});

/** Training with the default settings, without an optimizer, a learning rate and a length, which tests choose. */
export const PLAIN_TRAINING = plain;
