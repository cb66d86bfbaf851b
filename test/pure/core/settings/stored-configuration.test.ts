import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../../src/core/app-error.js";
import { recordedValues, unknownSettings } from "../../../../src/core/settings/recorded-values.js";
import { defaultsOf } from "../../../../src/core/settings/resolution.js";
import { RUN_SETTINGS } from "../../../../src/core/settings/run-settings.js";
import { choice, flag, group, number } from "../../../../src/core/settings/setting.js";
import { readRunConfiguration, storedReader } from "../../../../src/core/settings/stored-configuration.js";
import { FIRST_STORED_CONFIGURATION } from "./first-stored-configuration.js";

const DEFAULTS = defaultsOf(RUN_SETTINGS);

/** As a database returns what was written to it. */
function stored(configuration: object): unknown {
  return JSON.parse(JSON.stringify(configuration));
}

test("a configuration reads as it was written", () => {
  const trained = {
    ...DEFAULTS,
    optimizer: { kind: "sgd", momentum: 0.5, nesterov: true },
    learningRate: {
      kind: "step",
      initial: 1,
      decayEpochs: 2,
      decayRate: 0.1,
      staircase: true,
      warmupEpochs: 0,
    },
    earlyStopping: { patience: 3, minDelta: 0.01 },
    initialization: { kind: "weights", sha256: "a1b2" },
    classWeights: { balanced: true, weights: [1, 2.5] },
    gradientClipNorm: 1,
    extendedAfterEpochs: [3, 5],
  };
  for (const configuration of [DEFAULTS, trained]) {
    assert.deepEqual(readRunConfiguration(stored(configuration)), configuration);
  }
});

test("the configuration of the first version reads as it was written", () => {
  assert.partialDeepStrictEqual(
    readRunConfiguration(stored(FIRST_STORED_CONFIGURATION)),
    FIRST_STORED_CONFIGURATION,
  );
});

test("a setting that was introduced later has its default in earlier runs, or the value that the table says", () => {
  const settings = group(
    { name: "Example", description: "An example." },
    {
      old: number({ description: "An old setting." }),
      withDefault: number({ since: "2", default: 3, description: "A new setting." }),
      nullable: number({ since: "2", whenNull: "nothing", description: "A new setting." }),
      changed: flag({ since: "2", default: true, earlierRuns: false, description: "On from now on." }),
      nested: group(
        { name: "Nested", description: "A group.", since: "2" },
        { inner: number({ default: 5, description: "A setting of a new group." }) },
      ),
      chosen: choice(
        { name: "Chosen", default: { one: {} }, description: "A choice.", since: "2" },
        {
          one: {
            name: "One",
            description: "One.",
            settings: { size: number({ default: 7, description: "Size." }) },
          },
        },
      ),
    },
  );
  assert.deepEqual(storedReader(settings)({ old: 1 }), {
    old: 1,
    withDefault: 3,
    nullable: null,
    changed: false,
    nested: { inner: 5 },
    chosen: { kind: "one", size: 7 },
  });
});

test("a setting that later versions introduce inside a group or an option is filled in there", () => {
  const settings = group(
    { name: "Example", description: "An example." },
    {
      stopping: group(
        { name: "Stopping", description: "A group.", whenNull: "never" },
        {
          patience: number({ description: "An old setting." }),
          cooldown: number({ since: "2", default: 4, description: "A new setting." }),
        },
      ),
    },
  );
  assert.deepEqual(storedReader(settings)({ stopping: { patience: 1 } }), {
    stopping: { patience: 1, cooldown: 4 },
  });
  assert.deepEqual(storedReader(settings)({ stopping: null }), { stopping: null });
});

test("settings of a later version are kept, named, and shown in comparisons", () => {
  const later = readRunConfiguration(
    stored({ ...DEFAULTS, mixup: 0.2, head: { ...DEFAULTS.head, gain: { kind: "fixed", value: null } } }),
  );
  assert.deepEqual(unknownSettings(later), ["head.gain.kind", "mixup"]);
  const values = recordedValues(later);
  assert.equal(values.get("mixup"), "0.2");
  assert.equal(values.get("head.gain.kind"), "fixed");
  assert.deepEqual(unknownSettings(DEFAULTS), []);
});

test("a later setting of one option is named where another option has a setting of its name", () => {
  const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, nesterov: true };
  const later = readRunConfiguration(stored({ ...DEFAULTS, optimizer }));
  assert.deepEqual(unknownSettings(later), ["optimizer.nesterov"]);
});

test("a value that this version cannot read is refused with its place", () => {
  for (const [change, place] of [
    [{ optimizer: { kind: "lion" } }, /optimizer\.kind/],
    [{ optimizer: { ...DEFAULTS.optimizer, kind: [DEFAULTS.optimizer.kind] } }, /optimizer\.kind/],
    [{ architecture: "VGG99" }, /architecture/],
    [{ epochs: "10" }, /epochs/],
    [{ epochs: null }, /epochs/],
    [{ earlyStopping: {} }, /earlyStopping\.patience/],
    [{ head: { ...DEFAULTS.head, units: "many" } }, /head\.units/],
    [{ batchNormalization: 1 }, /batchNormalization/],
    [{ initialization: null }, /initialization/],
    [{ classWeights: { balanced: false, weights: [1, "2"] } }, /classWeights\.weights/],
  ] as const) {
    assert.throws(
      () => readRunConfiguration(stored({ ...DEFAULTS, ...change })),
      (error) => hasCode(error, "CONFIGURATION_UNREADABLE") && place.test(error.message),
      JSON.stringify(change),
    );
  }
  assert.throws(
    () => readRunConfiguration(null),
    (error) => hasCode(error, "CONFIGURATION_UNREADABLE"),
  );
});

test("a value out of range reads, since ranges may change", () => {
  assert.equal(readRunConfiguration(stored({ ...DEFAULTS, batchSize: 1_000_000 })).batchSize, 1_000_000);
});
