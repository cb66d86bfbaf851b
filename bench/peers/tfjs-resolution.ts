/**
 * Loaded before the TensorFlow.js peer: the package it asks for is the one that the project has, which
 * holds the same JavaScript.
 */
import { registerHooks } from "node:module";
import util from "node:util";

const project = import.meta.resolve("@tensorflow/tfjs-node-gpu");

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === "@tensorflow/tfjs-node"
      ? { url: project, shortCircuit: true }
      : nextResolve(specifier, context),
});

// Node 23 dropped it, and every eager operation of the package calls it.
Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
