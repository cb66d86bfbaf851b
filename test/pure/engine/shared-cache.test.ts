import assert from "node:assert/strict";
import { stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { publishFolder } from "../../../src/engine/native/shared-cache.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

test("every user of a machine can read what one of them put into the cache", async () => {
  await using temporary = await temporaryFolder();
  const folder = await publishFolder({
    cacheFolder: temporary.folder,
    name: "library",
    isWhole: async () => false,
    fill: (filled) => writeFile(path.join(filled, "library.so"), "bytes"),
  });
  assert.equal((await stat(folder)).mode & 0o777, 0o755);
});
