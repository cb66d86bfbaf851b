import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hasCode } from "../../../src/core/app-error.js";
import type { ModelVersionRecord } from "../../../src/registry/model-records.js";
import { Teachers } from "../../../src/registry/teachers.js";
import {
  createRegistryWorld,
  noiseImages,
  type RegistryWorld,
  trainTinyRun,
} from "../../testkit/registry-world.js";

const PATH = ["configuration", "distillation", "teacher"];

let world: RegistryWorld;
let version: ModelVersionRecord;
let teachers: Teachers;
before(async () => {
  world = await createRegistryWorld();
  const { runId } = await trainTinyRun(world, noiseImages(1, 32, 1));
  version = await world.registry.register({ model: "tiny", runId, description: null, idempotencyKey: null });
  teachers = new Teachers(world.models, world.registry);
});
after(() => world[Symbol.asyncDispose]());

test("a teacher is named by its number, with its own network and the places of the dataset's classes", async () => {
  await world.registry.setAlias({ model: "tiny", alias: "champion", version: 1 });
  const inOrder = await teachers.find("tiny@champion", ["daisy", "rose", "tulip"]);
  assert.deepEqual([inOrder.ref, inOrder.classPositions], ["tiny:1", [0, 1, 2]]);
  assert.deepEqual([inOrder.network.widthMultiplier, inOrder.network.classCount], [0.0625, 3]);
  assert.ok(inOrder.folder.startsWith(world.registry.folderOf(version.id)));
  const reordered = await teachers.find("tiny", ["tulip", "daisy", "rose"]);
  assert.deepEqual(reordered.classPositions, [2, 0, 1]);
});

test("a teacher with other classes is refused with the differences", async () => {
  await assert.rejects(teachers.find("tiny:1", ["aster", "rose", "tulip", "violet"], PATH), (error) => {
    assert.ok(hasCode(error, "TEACHER_UNFIT"));
    assert.deepEqual(error.path, PATH);
    assert.equal(
      error.message,
      "A teacher must know the classes of the dataset and no others. tiny:1 has 3 classes, the dataset 4. It does not " +
        'know "aster" and "violet". The dataset lacks "daisy", which it knows. Choose a model version that was trained on ' +
        "these classes.",
    );
    return true;
  });
});

test("a teacher that does not exist is refused at its place in the request", async () => {
  await assert.rejects(teachers.find("tiny:7", ["daisy", "rose", "tulip"], PATH), {
    code: "MODEL_VERSION_NOT_FOUND",
    path: PATH,
    message: 'The model "tiny" has no version 7. Its latest version is 1.',
  });
});
