import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { detectMachine } from "../../../src/engine/native/machine.js";
import {
  openTensorFlowFolder,
  provideTensorFlow,
  unpackedWheel,
} from "../../../src/engine/native/tensorflow-folder.js";
import { type Wheel, wheelFor } from "../../../src/engine/native/tensorflow-wheels.js";
import type { DownloadWheel } from "../../../src/engine/native/wheel-download.js";
import { zipOf } from "../../testkit/files/archives.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

/** A wheel with the files of a real one, a few bytes each, and with files that are not needed. */
const WHEEL_BYTES = zipOf({
  "tensorflow/libtensorflow_cc.so.2": Buffer.from("library"),
  "tensorflow/libtensorflow_framework.so.2": Buffer.from("framework"),
  "tensorflow/include/tensorflow/c/c_api.h": Buffer.from("// C API"),
  "tensorflow/include/xla/tsl/platform/status.h": Buffer.from("// tsl"),
  "tensorflow/include/eigen/Core": Buffer.from("// not needed"),
  "tensorflow/python/keras.py": Buffer.from("# not needed"),
});

const WHEEL: Wheel = {
  build: "cpu",
  project: "tensorflow-cpu",
  platformTag: "manylinux_2_27_x86_64",
  sizeBytes: WHEEL_BYTES.length,
  sha256: createHash("sha256").update(WHEEL_BYTES).digest("hex"),
};

const writeWheel: DownloadWheel = async (_wheel, folder) => {
  const file = path.join(folder, "tensorflow.whl");
  await writeFile(file, WHEEL_BYTES);
  return file;
};

/** A cache that counts its downloads. */
function setUp(cacheFolder: string) {
  let downloads = 0;
  const lines: string[] = [];
  const provide = (wheel = WHEEL) =>
    unpackedWheel({
      cacheFolder,
      name: "tensorflow-test",
      wheel,
      progress: (line) => lines.push(line),
      download: (...args) => {
        downloads += 1;
        return writeWheel(...args);
      },
    });
  return { provide, lines, downloads: () => downloads };
}

describe("TensorFlow in the cache", () => {
  test("is unpacked from the wheel once: libraries and the headers that the addon needs", async () => {
    await using temporary = await temporaryFolder();
    const { provide, lines, downloads } = setUp(temporary.folder);
    const found = await provide();
    assert.equal(await readFile(found.libraryFile, "utf8"), "library");
    assert.equal(await readFile(found.frameworkFile, "utf8"), "framework");
    assert.deepEqual((await readdir(found.includeFolder)).sort(), ["tensorflow", "xla"]);
    assert.deepEqual(await readdir(temporary.folder), ["tensorflow-test"]);
    assert.match(lines.at(-1) ?? "", /^Unpacking TensorFlow, \d+ MB: 100 %$/);

    const linesBefore = lines.length;
    assert.deepEqual(await provide(), found);
    assert.equal(downloads(), 1);
    assert.equal(lines.length, linesBefore, "nothing to say when nothing is missing");
  });

  test("is downloaded again when it was truncated", async () => {
    await using temporary = await temporaryFolder();
    const { provide, downloads } = setUp(temporary.folder);
    const { libraryFile } = await provide();
    await truncate(libraryFile, 3);
    await provide();
    assert.equal(downloads(), 2);
    assert.equal(await readFile(libraryFile, "utf8"), "library");
    assert.deepEqual(await readdir(temporary.folder), ["tensorflow-test"]);
  });

  test("is refused when the wheel is not the published one, and no files are left", async () => {
    await using temporary = await temporaryFolder();
    const { provide } = setUp(temporary.folder);
    const sha256 = "0".repeat(64);
    await assert.rejects(provide({ ...WHEEL, sha256 }), (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "TENSORFLOW_CHECKSUM_MISMATCH");
      assert.match(error.message, new RegExp(`expected SHA-256 ${sha256}, found ${WHEEL.sha256}`));
      return true;
    });
    assert.deepEqual(await readdir(temporary.folder), []);
  });

  test("can be set up by several checkouts at the same time", async () => {
    await using temporary = await temporaryFolder();
    const checkouts = Array.from({ length: 4 }, () => setUp(temporary.folder));
    const found = await Promise.all(checkouts.map(({ provide }) => provide()));
    for (const { libraryFile } of found) assert.equal(await readFile(libraryFile, "utf8"), "library");
    assert.deepEqual(await readdir(temporary.folder), ["tensorflow-test"]);
  });
});

describe("the wheel for a machine", () => {
  const wheelOf = (platform: string, architecture: string, nvidiaGpu: boolean): string | null => {
    const wheel = wheelFor({ platform, architecture, nvidiaGpu });
    return wheel === null ? null : `${wheel.project} ${wheel.platformTag} ${wheel.build}`;
  };

  test("is the CUDA wheel where there is an NVIDIA GPU and a CUDA wheel", () => {
    assert.equal(wheelOf("linux", "x64", false), "tensorflow-cpu manylinux_2_27_x86_64 cpu");
    assert.equal(wheelOf("linux", "x64", true), "tensorflow manylinux_2_27_x86_64 cuda");
    assert.equal(wheelOf("linux", "arm64", true), "tensorflow manylinux_2_27_aarch64 cpu");
  });

  test("does not exist for every platform, and the message says what to do", async () => {
    await using temporary = await temporaryFolder();
    const machine = { platform: "win32", architecture: "x64", nvidiaGpu: false };
    await assert.rejects(
      provideTensorFlow(temporary.folder, machine, () => {}),
      (error) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, "PLATFORM_UNSUPPORTED");
        assert.match(error.message, /win32 on x64.*ESPALIER_TENSORFLOW_DIR/);
        return true;
      },
    );
  });

  test("ignores a GPU that CUDA_VISIBLE_DEVICES hides", () => {
    assert.equal(detectMachine({ CUDA_VISIBLE_DEVICES: "-1" }).nvidiaGpu, false);
    assert.equal(detectMachine({ CUDA_VISIBLE_DEVICES: "" }).nvidiaGpu, false);
  });
});

describe("a TensorFlow folder of the user", () => {
  for (const [layout, libraries] of [
    ["an unpacked wheel", "."],
    ["lib and include", "lib"],
  ] as const) {
    test(`can be laid out as ${layout}`, async () => {
      await using temporary = await temporaryFolder();
      const { folder } = temporary;
      await mkdir(path.join(folder, libraries), { recursive: true });
      await mkdir(path.join(folder, "include/tensorflow/c"), { recursive: true });
      await writeFile(path.join(folder, "include/tensorflow/c/c_api.h"), "");
      for (const name of LIBRARIES) await writeFile(path.join(folder, libraries, name), name);
      const found = await openTensorFlowFolder(folder);
      assert.equal(found.libraryFile, path.join(folder, libraries, "libtensorflow_cc.so.2"));
      assert.equal(found.includeFolder, path.join(folder, "include"));
    });
  }

  test("is refused with the name of the missing file", async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    const refusal = async (): Promise<string> => {
      const error: unknown = await openTensorFlowFolder(folder).catch((caught: unknown) => caught);
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "TENSORFLOW_FOLDER_INVALID");
      return error.message;
    };
    assert.match(await refusal(), /no libtensorflow_cc\.so\.2 or libtensorflow\.so\.2/);
    await writeFile(path.join(folder, "libtensorflow.so.2"), "");
    assert.match(await refusal(), /no libtensorflow_framework\.so\.2/);
    await writeFile(path.join(folder, "libtensorflow_framework.so.2"), "");
    assert.match(await refusal(), /no include\/tensorflow\/c\/c_api\.h/);
  });
});
