import { mkdir, readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { SAVED_MODEL } from "../../../src/exports/formats/saved-model/saved-model.js";
import type { NetworkSpec } from "../../../src/graph/architectures/network-spec.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { type EngineWithFolder, startEngineWithFolder } from "../../testkit/engine.js";
import {
  classNamesOf,
  openRandomModel,
  SMALL_NETWORK,
  writeRandomModel,
} from "../../testkit/exports/random-model.js";
import {
  assertSameClass,
  type Classified,
  classifiedByUs,
  runUsage,
  writeUsageImage,
} from "../../testkit/exports/usage.js";
import { whyNoPython } from "../../testkit/test-python.js";

const NETWORK: NetworkSpec = { ...SMALL_NETWORK, architecture: "RESNET18", batchNormalization: true };

let engine: EngineWithFolder;
let file: string;
let image: string;
let expected: Classified;
before(async () => {
  engine = await startEngineWithFolder();
  const { host, folder } = engine;
  await writeRandomModel(host, NETWORK, folder);
  await using model = await openRandomModel(host, NETWORK, folder);
  file = path.join(folder, "flowers-3.zip");
  const workFolder = path.join(folder, "writing");
  await mkdir(workFolder);
  await SAVED_MODEL.write(model.network, "FLOAT32", file, { engine: host, workFolder });
  image = await writeUsageImage(folder);
  expected = await classifiedByUs(host, NETWORK, path.join(folder, "variables"), await readFile(image));
});
after(() => engine[Symbol.asyncDispose]());

const EXAMPLES = SAVED_MODEL.usage({
  fileName: "flowers-3.zip",
  precision: "FLOAT32",
  imageSizePixels: 32,
  classNames: classNamesOf(NETWORK),
});
const [PYTHON, JAVASCRIPT] = (["PYTHON", "JAVASCRIPT"] as const).map(
  (wanted) => EXAMPLES.find(({ language }) => language === wanted)!,
);

test("the example in Python classifies an image with a SavedModel as the product does", {
  skip: await whyNoPython("tensorflow", "PIL"),
}, async () => {
  assertSameClass(await runUsage(PYTHON!, engine.folder, file, image), expected);
});

test("the example in JavaScript classifies an image with a SavedModel as the product does", async () => {
  const installed = path.join(projectRoot(import.meta.dirname), "node_modules");
  const packages = path.join(engine.folder, "node_modules");
  await mkdir(path.join(packages, "@tensorflow"), { recursive: true });
  for (const [name, source] of [
    // The same program for computers without a GPU.
    ["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"],
    ["adm-zip", "adm-zip"],
    ["sharp", "sharp"],
  ] as const) {
    await symlink(path.join(installed, source), path.join(packages, name));
  }
  assertSameClass(await runUsage(JAVASCRIPT!, engine.folder, file, image), expected);
});
