import assert from "node:assert/strict";
import { test } from "node:test";
import { normalForm } from "../../../../src/core/settings/normal-form.js";
import { RUN_SETTINGS } from "../../../../src/core/settings/run-settings.js";
import { group, number } from "../../../../src/core/settings/setting.js";

const form = (given: object) => normalForm(RUN_SETTINGS, given);

test("a request equals one that gives a default itself, also in a group and in a choice", () => {
  assert.deepEqual(form({ epochs: 3 }), form({ epochs: 3, batchNormalization: false }));
  assert.deepEqual(form({ head: { units: 8 } }), form({ head: { units: 8, dropout: 0.5 } }));
  assert.deepEqual(form({ optimizer: { sgd: {} } }), form({ optimizer: { sgd: { nesterov: false } } }));
  assert.notDeepEqual(form({ epochs: 3 }), form({ epochs: 4 }));
  assert.notDeepEqual(form({ optimizer: { sgd: {} } }), form({ optimizer: { adam: {} } }));
});

test("null stands for the default", () => {
  assert.deepEqual(form({ seed: null, head: { dropout: null } }), form({ head: {} }));
});

test("a default of the architecture stands in place of the one in the table", () => {
  const defaults = { batchNormalization: true, head: { dropout: 0 } };
  const resnet = (given: object) => normalForm(RUN_SETTINGS, given, defaults);
  assert.deepEqual(resnet({ head: {} }), resnet({ batchNormalization: true, head: { dropout: 0 } }));
  assert.notDeepEqual(resnet({ head: {} }), resnet({ head: { dropout: 0.5 } }));
  assert.notDeepEqual(resnet({}), resnet({ batchNormalization: false }));
});

test("a request keeps its form when the program gets another setting", () => {
  const first = number({ description: "First.", default: 1 });
  const later = number({ description: "Later.", default: 2, since: "0.2" });
  const before = group({ name: "configuration", description: "Before." }, { first });
  const after = group({ name: "configuration", description: "After." }, { first, later });
  assert.deepEqual(normalForm(after, {}), normalForm(before, {}));
  assert.deepEqual(normalForm(after, { later: 2 }), normalForm(before, {}));
  assert.notDeepEqual(normalForm(after, { later: 3 }), normalForm(before, {}));
});

test("a request without a group of settings equals one that says null, where the group was added later", () => {
  assert.deepEqual(form({ distillation: null }), form({}));
});

test("a default that depends on the kind beside it is not written", () => {
  const decoupled = { teacher: "flowers:1", kind: "DECOUPLED" };
  assert.notDeepEqual(
    form({ distillation: decoupled }),
    form({ distillation: { ...decoupled, weight: 0.9 } }),
  );
  assert.deepEqual(
    form({ distillation: decoupled }),
    form({ distillation: { ...decoupled, weight: null, temperature: 4 } }),
  );
});
