import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { AppError } from "../../../../src/core/app-error.js";
import { parseConfig } from "../../../../src/core/config.js";
import { ImageRejected } from "../../../../src/data/images/decoder.js";
import { openArchive } from "../../../../src/data/sources/archive-source.js";
import { tar, tarGzOf, tarOf, type ZipEntry, zip, zipOf } from "../../../testkit/files/archives.js";
import { seededRandom } from "../../../testkit/random.js";
import { temporaryFolder } from "../../../testkit/temporary-folder.js";

const temporary = await temporaryFolder();
after(() => temporary[Symbol.asyncDispose]());
const LIMITS = { ...parseConfig({}).limits, imageBytes: 1000, archiveEntries: 20, archiveBytes: 13_000 };

const FILES = {
  "flowers/daisy/1.jpg": Buffer.from("first"),
  "flowers/rose/2.jpg": Buffer.from("second"),
  "flowers/rose/ünïcode 3.jpg": Buffer.from("third"),
};

let count = 0;

/** The content of an archive: the text of each file, or the reason of its rejection. */
async function read(archive: Uint8Array, limits = LIMITS): Promise<Record<string, string>> {
  const file = path.join(temporary.folder, `archive-${count++}`);
  await writeFile(file, archive);
  await using source = await openArchive(file, limits);
  const found: Record<string, string> = {};
  for await (const entry of source.files()) {
    found[entry.name] = await entry.read().then(
      (bytes) => Buffer.from(bytes).toString(),
      (error: unknown) => {
        if (error instanceof ImageRejected) return error.reason;
        throw error;
      },
    );
  }
  return found;
}

async function refusal(archive: Uint8Array, limits = LIMITS): Promise<string> {
  const outcome: unknown = await read(archive, limits).catch((error: unknown) => error);
  assert.ok(outcome instanceof AppError, `expected a refusal, got ${JSON.stringify(outcome)}`);
  return outcome.code;
}

const TEXTS = Object.fromEntries(Object.entries(FILES).map(([name, bytes]) => [name, bytes.toString()]));

describe("the first bytes decide the kind of an archive", () => {
  test("a zip, a tar and a tar.gz give the same files", async () => {
    assert.deepEqual(await read(zipOf(FILES)), TEXTS);
    assert.deepEqual(await read(await tarOf(FILES)), TEXTS);
    assert.deepEqual(await read(await tarGzOf(FILES)), TEXTS);
  });

  test("a zip with uncompressed files is read", async () => {
    assert.deepEqual(await read(zip([{ name: "a/1.jpg", bytes: Buffer.from("x") }])), { "a/1.jpg": "x" });
  });

  test("anything else is refused", async () => {
    for (const bytes of ["", "Rar!\x1a\x07", "just text", "\x1f\x8b broken"]) {
      assert.equal(await refusal(Buffer.from(bytes, "latin1")), "ARCHIVE_UNSUPPORTED");
    }
    assert.equal(await refusal(gzipSync("no tar inside, but long enough".repeat(40))), "ARCHIVE_UNSUPPORTED");
    assert.equal(await refusal(Buffer.alloc(2048)), "ARCHIVE_UNSUPPORTED");
  });

  test("the prefix ./ of names, as `tar -C folder .` writes it, is removed", async () => {
    const dotted = Object.fromEntries(Object.entries(FILES).map(([name, bytes]) => [`./${name}`, bytes]));
    assert.deepEqual(await read(zipOf(dotted)), TEXTS);
    assert.deepEqual(await read(await tarOf(dotted)), TEXTS);
  });

  test("files of operating systems beside images are skipped", async () => {
    const junk = {
      "__MACOSX/daisy/._1.jpg": Buffer.from("x"),
      "daisy/.DS_Store": Buffer.from("x"),
      "daisy/Thumbs.db": Buffer.from("x"),
      ".git/config": Buffer.from("x"),
      "daisy/desktop.ini": Buffer.from("x"),
    };
    for (const archive of [zipOf({ ...junk, ...FILES }), await tarOf({ ...junk, ...FILES })]) {
      assert.deepEqual(await read(archive), TEXTS);
    }
  });
});

describe("malicious archives are refused as a whole", () => {
  const names = [
    "/etc/passwd",
    "../outside.jpg",
    "daisy/../../outside.jpg",
    "..",
    "C:\\windows\\x.jpg",
    "daisy\\..\\..\\x.jpg",
  ];
  for (const name of names) {
    test(`an entry called ${name}`, async () => {
      assert.equal(await refusal(zip([{ name, bytes: Buffer.from("x") }])), "ARCHIVE_UNSAFE");
      assert.equal(
        await refusal(await tar([{ header: { name }, bytes: Buffer.from("x") }])),
        "ARCHIVE_UNSAFE",
      );
    });
  }

  test("links and devices", async () => {
    const link: ZipEntry = { name: "daisy/1.jpg", bytes: Buffer.from("/etc/passwd"), mode: 0o120777 };
    assert.equal(await refusal(zip([link])), "ARCHIVE_UNSAFE");
    for (const type of ["symlink", "link", "fifo", "character-device", "block-device"] as const) {
      const archive = await tar([{ header: { name: "daisy/1.jpg", type, linkname: "/etc/passwd" } }]);
      assert.equal(await refusal(archive), "ARCHIVE_UNSAFE", type);
    }
  });

  test("more entries than allowed, folders included", async () => {
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`a/${n}.jpg`, Buffer.from("x")]));
    assert.equal(await refusal(zipOf(many)), "ARCHIVE_UNSAFE");
    assert.equal(await refusal(await tarOf(many)), "ARCHIVE_UNSAFE");
  });

  test("more bytes than allowed", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 15 }, (_, n) => [`a/${n}.jpg`, Buffer.alloc(900, n)]),
    );
    assert.equal(await refusal(zipOf(many)), "ARCHIVE_UNSAFE");
    assert.equal(await refusal(await tarGzOf(many)), "ARCHIVE_UNSAFE");
  });

  test("a decompression bomb, before it is unpacked", async () => {
    const limits = { ...LIMITS, archiveBytes: Number.MAX_SAFE_INTEGER, imageBytes: Number.MAX_SAFE_INTEGER };
    const claims: ZipEntry = {
      name: "a/1.jpg",
      bytes: Buffer.alloc(100),
      deflate: true,
      claimedBytes: 0xfff_fff0,
    };
    assert.equal(await refusal(zip(Array.from({ length: 3 }, () => claims)), limits), "ARCHIVE_UNSAFE");
    // A gzip may have several members, so one small member of zeros makes a large bomb.
    const part = gzipSync(Buffer.alloc(10 * 2 ** 20));
    const zeros = Buffer.concat([
      await tarGzOf({ "a/1.jpg": Buffer.from("x") }),
      ...Array.from({ length: 30 }, () => part),
    ]);
    assert.equal(await refusal(zeros, limits), "ARCHIVE_UNSAFE");
  });
});

describe("a bad file in an archive fails alone", () => {
  const good: ZipEntry = { name: "a/good.jpg", bytes: Buffer.from("good"), deflate: true };
  const bytes = Buffer.from("an image that is packed".repeat(5));
  const cases: Record<string, { entry: ZipEntry; reason: string }> = {
    "a wrong checksum": { entry: { name: "a/bad.jpg", bytes, claimedCrc: 1 }, reason: "DAMAGED" },
    "a smaller size than it unpacks to": {
      entry: { name: "a/bad.jpg", bytes, deflate: true, claimedBytes: 10 },
      reason: "DAMAGED",
    },
    "a larger size than it unpacks to": {
      entry: { name: "a/bad.jpg", bytes, deflate: true, claimedBytes: 500 },
      reason: "DAMAGED",
    },
    "data that cannot be unpacked": { entry: { name: "a/bad.jpg", bytes, method: 8 }, reason: "DAMAGED" },
    "an unknown method": { entry: { name: "a/bad.jpg", bytes, method: 14 }, reason: "DAMAGED" },
    encryption: { entry: { name: "a/bad.jpg", bytes, deflate: true, encrypted: true }, reason: "DAMAGED" },
    "too many bytes": {
      entry: { name: "a/bad.jpg", bytes: Buffer.alloc(1001), deflate: true },
      reason: "TOO_LARGE",
    },
  };
  for (const [name, { entry, reason }] of Object.entries(cases)) {
    test(name, async () => {
      assert.deepEqual(await read(zip([entry, good])), { "a/bad.jpg": reason, "a/good.jpg": "good" });
    });
  }

  test("too many bytes in a tar", async () => {
    const archive = await tarOf({ "a/bad.jpg": Buffer.alloc(1001), "a/good.jpg": Buffer.from("good") });
    assert.deepEqual(await read(archive), { "a/bad.jpg": "TOO_LARGE", "a/good.jpg": "good" });
  });
});

describe("truncated and damaged archives", () => {
  test("a truncated archive is refused and not read in part", async () => {
    for (const archive of [zipOf(FILES), await tarGzOf(FILES)]) {
      assert.equal(await refusal(archive.subarray(0, archive.length - 30)), "ARCHIVE_DAMAGED");
    }
    const plain = await tarOf(FILES);
    assert.equal(await refusal(plain.subarray(0, 700)), "ARCHIVE_DAMAGED");
  });

  test("a zip whose 64-bit directory is beyond the end of the file", async () => {
    const archive = zipOf(FILES);
    const locator = Buffer.alloc(20, 0xff);
    locator.write("PK\x06\x07", "latin1");
    const end = archive.subarray(archive.length - 22);
    end.fill(0xff, 10, 20);
    const hostile = Buffer.concat([archive.subarray(0, -22), locator, end]);
    assert.equal(await refusal(hostile), "ARCHIVE_DAMAGED");
  });

  test("a randomly damaged archive fails with a reason, and never crashes or hangs", async () => {
    const random = seededRandom(11);
    const originals = [zipOf(FILES), await tarOf(FILES), await tarGzOf(FILES)];
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 300; round++) {
      const archive = Buffer.from(originals[round % originals.length] ?? []);
      for (let changes = 1 + Math.floor(random() * 8); changes > 0; changes--) {
        archive[Math.floor(random() * archive.length)] = Math.floor(random() * 256);
      }
      const damaged = random() < 0.3 ? archive.subarray(0, Math.floor(random() * archive.length)) : archive;
      const outcome = await read(damaged).then(
        () => "read",
        (error: unknown) => (error instanceof AppError ? error.code : `unexpected ${error}`),
      );
      assert.doesNotMatch(outcome, /unexpected/);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    assert.ok((outcomes.get("ARCHIVE_DAMAGED") ?? 0) > 30, JSON.stringify([...outcomes]));
  });
});
