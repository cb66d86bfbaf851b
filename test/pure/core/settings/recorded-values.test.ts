import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedValues } from "../../../../src/core/settings/recorded-values.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";

test("an empty list is shown as a value that says so", () => {
  const configuration = resolveConfiguration({});
  assert.equal(recordedValues(configuration).get("extendedAfterEpochs"), "none");
  const extended = { ...configuration, extendedAfterEpochs: [3, 5] };
  assert.equal(recordedValues(extended).get("extendedAfterEpochs"), "3, 5");
});
