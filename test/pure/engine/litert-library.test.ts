import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import type { DownloadWheel } from "../../../src/engine/native/wheel-download.js";
import { LiteRtApi } from "../../../src/engine/runtimes/litert/litert-api.js";
import { provideLiteRt } from "../../../src/engine/runtimes/litert/litert-library.js";
import { zipOf } from "../../testkit/files/archives.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const LINUX = { platform: "linux", architecture: "x64" };

function refusalOf(attempt: Promise<string>): Promise<AppError> {
  return attempt.then(
    () => assert.fail("Expected a refusal."),
    (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "RUNTIME_UNAVAILABLE");
      return error;
    },
  );
}

describe("LiteRT in the cache", () => {
  test("is not there for every machine, and the message says for which", async () => {
    await using temporary = await temporaryFolder();
    const machine = { platform: "freebsd", architecture: "x64" };
    const error = await refusalOf(
      provideLiteRt({ cacheFolder: temporary.folder, machine, progress: () => {} }),
    );
    assert.match(error.message, /published for linux-x64, .*This machine is freebsd-x64/);
  });

  test("cannot be had when the download fails, with the cause and what to do", async () => {
    await using temporary = await temporaryFolder();
    const cause = new Error("no route to host");
    const download: DownloadWheel = () => Promise.reject(cause);
    const error = await refusalOf(
      provideLiteRt({ cacheFolder: temporary.folder, machine: LINUX, progress: () => {}, download }),
    );
    assert.match(error.message, /no route to host/);
    assert.equal(error.cause, cause);
  });

  test("is refused when it is not the published one, and no files are left", async () => {
    await using temporary = await temporaryFolder();
    const download: DownloadWheel = async (wheel, folder) => {
      assert.equal(
        wheel.library.alternative,
        "copy the folder litert-2.3.0-linux-x64 from the cache of another machine",
      );
      const file = path.join(folder, "litert.whl");
      await writeFile(file, zipOf({ "ai_edge_litert/libLiteRt.so": Buffer.from("library") }));
      return file;
    };
    const error = await refusalOf(
      provideLiteRt({ cacheFolder: temporary.folder, machine: LINUX, progress: () => {}, download }),
    );
    assert.match(error.message, /is not the file that was published/);
    assert.deepEqual(await readdir(temporary.folder), []);
  });

  test("is unavailable when the library cannot be loaded", async () => {
    await using temporary = await temporaryFolder();
    const file = path.join(temporary.folder, "libLiteRt.so");
    await writeFile(file, "no library");
    assert.throws(() => new LiteRtApi(file), { code: "RUNTIME_UNAVAILABLE", message: /cannot be loaded/ });
  });
});
