import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../../../src/core/app-error.js";
import type { RunConfigurationInput } from "../../../../src/core/runs/configuration.js";
import { resolveConfiguration } from "../../../../src/training/configuration/resolution.js";

test("the defaults of the head and of batch normalization follow from the architecture", () => {
  const settingsOf = (input: RunConfigurationInput) => {
    const { batchNormalization, head } = resolveConfiguration(input);
    return { batchNormalization, kind: head.kind, dropout: head.dropout };
  };
  const vgg = { batchNormalization: false, kind: "FULLY_CONNECTED", dropout: 0.5 };
  const resnet = { batchNormalization: true, kind: "GLOBAL_AVERAGE_POOLING", dropout: 0 };
  assert.deepEqual(settingsOf({}), vgg);
  assert.deepEqual(settingsOf({ architecture: "VGG11", head: { units: 8 } }), vgg);
  assert.deepEqual(settingsOf({ architecture: "RESNET18" }), resnet);
  assert.deepEqual(settingsOf({ architecture: "RESNET50", batchNormalization: null, head: {} }), resnet);
  assert.deepEqual(
    settingsOf({
      architecture: "RESNET34",
      batchNormalization: true,
      head: { kind: "GLOBAL_AVERAGE_POOLING", dropout: 0.2 },
    }),
    { ...resnet, dropout: 0.2 },
  );
});

const NOT_APPLICABLE: readonly (readonly [string, RunConfigurationInput, RegExp])[] = [
  [
    "batchNormalization",
    { architecture: "RESNET18", batchNormalization: false },
    /^batchNormalization must be true, or left out, for RESNET18\. Received false\.$/,
  ],
  [
    "head.kind",
    { architecture: "RESNET50", head: { kind: "FULLY_CONNECTED" } },
    /^head\.kind must be GLOBAL_AVERAGE_POOLING for RESNET50\. Received "FULLY_CONNECTED"\.$/,
  ],
];

for (const [path, input, message] of NOT_APPLICABLE) {
  test(`a setting that does not apply to the architecture is refused: ${path}`, () => {
    assert.throws(
      () => resolveConfiguration(input),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "CONFIGURATION_INVALID");
        assert.deepEqual(error.path, ["configuration", ...path.split(".")]);
        assert.match(error.message, message);
        return true;
      },
    );
  });
}
