import assert from "node:assert/strict";
import { describe, test } from "node:test";
import sharp, { type Sharp } from "sharp";
import { ImageDecoder, ImageRejected } from "../../../../src/data/images/decoder.js";
import { brokenFiles, IMAGE_FORMATS, imageFile, noisyImageFile } from "../../../testkit/files/images.js";
import { SMALL_LIMITS } from "../../../testkit/limits.js";
import { seededRandom } from "../../../testkit/random.js";

const LIMITS = { imageBytes: 10_000_000, imagePixels: 4_000_000 };
const decoder = new ImageDecoder(LIMITS);

async function rejection(bytes: Uint8Array, by = decoder): Promise<ImageRejected> {
  const error: unknown = await by.inspect(bytes).then(
    () => null,
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof ImageRejected, `expected a rejection, got ${error}`);
  return error;
}

/** The color of a decoded square at `x`, `y`. */
function color(pixels: Uint8Array, size: number, x: number, y: number): number[] {
  return [...pixels.subarray((y * size + x) * 3, (y * size + x) * 3 + 3)];
}

function isNear(actual: readonly number[], expected: readonly number[], tolerance = 6): boolean {
  return actual.every((value, index) => Math.abs(value - (expected[index] ?? 0)) <= tolerance);
}

function plain(background: string, width = 8, height = 8): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

describe("images of every format", () => {
  for (const format of IMAGE_FORMATS) {
    test(`a ${format} gives its size and its pixels`, async () => {
      const bytes = await plain("#c86432", 40, 20).toFormat(format).toBuffer();
      assert.deepEqual(await decoder.inspect(bytes), { widthPixels: 40, heightPixels: 20 });
      const pixels = await decoder.decodeRgb(bytes, 10);
      assert.equal(pixels.length, 10 * 10 * 3);
      assert.ok(isNear(color(pixels, 10, 5, 5), [0xc8, 0x64, 0x32]), String(color(pixels, 10, 5, 5)));
    });
  }

  test("an image with an EXIF orientation is decoded upright", async () => {
    // Red on the left, blue on the right; orientation 6 says that the camera was turned by 90 degrees.
    const red = await plain("#ff0000", 20, 20).png().toBuffer();
    const bytes = await plain("#0000ff", 40, 20)
      .composite([{ input: red, left: 0, top: 0 }])
      .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    assert.deepEqual(await decoder.inspect(bytes), { widthPixels: 20, heightPixels: 40 });
    const pixels = await decoder.decodeRgb(bytes, 8);
    assert.ok(isNear(color(pixels, 8, 4, 1), [255, 0, 0]), "the top is red");
    assert.ok(isNear(color(pixels, 8, 4, 6), [0, 0, 255]), "the bottom is blue");
    const shown = await sharp(await decoder.thumbnail(bytes, 10)).metadata();
    assert.deepEqual([shown.width, shown.height, shown.orientation], [5, 10, undefined]);
  });

  test("transparent pixels become white", async () => {
    const bytes = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    assert.deepEqual(color(await decoder.decodeRgb(bytes, 4), 4, 2, 2), [255, 255, 255]);
  });

  test("half transparent pixels are blended with white", async () => {
    const bytes = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0.5 } },
    })
      .png()
      .toBuffer();
    assert.ok(isNear(color(await decoder.decodeRgb(bytes, 4), 4, 2, 2), [127, 127, 127]));
  });

  test("gray, 16-bit and CMYK images are decoded as 8-bit sRGB", async () => {
    const gray = await plain("#808080").greyscale().png().toBuffer();
    assert.ok(isNear(color(await decoder.decodeRgb(gray, 4), 4, 1, 1), [128, 128, 128]));
    const deep = await plain("#c86432").toColourspace("rgb16").png().toBuffer();
    assert.equal((await sharp(deep).metadata()).depth, "ushort");
    assert.ok(isNear(color(await decoder.decodeRgb(deep, 4), 4, 1, 1), [0xc8, 0x64, 0x32]));
    const cmyk = await plain("#c86432").toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    const [red = 0, green = 0, blue = 0] = color(await decoder.decodeRgb(cmyk, 4), 4, 1, 1);
    assert.ok(red > green && green > blue, "the colors keep their order");
  });

  test("only the first frame of an animation is decoded", async () => {
    const frames = await Promise.all([plain("#ff0000").png().toBuffer(), plain("#0000ff").png().toBuffer()]);
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    assert.equal((await sharp(bytes).metadata()).pages, 2);
    assert.deepEqual(await decoder.inspect(bytes), { widthPixels: 8, heightPixels: 8 });
    assert.ok(isNear(color(await decoder.decodeRgb(bytes, 4), 4, 1, 1), [255, 0, 0]));
  });

  test("a large image is inspected and decoded", async () => {
    const bytes = await plain("#c86432", 1500, 1200).jpeg().toBuffer();
    assert.deepEqual(await decoder.inspect(bytes), { widthPixels: 1500, heightPixels: 1200 });
    assert.ok(isNear(color(await decoder.decodeRgb(bytes, 16), 16, 3, 3), [0xc8, 0x64, 0x32]));
  });

  test("decoding twice gives the same bytes", async () => {
    const bytes = await noisyImageFile(1, { format: "jpeg" });
    assert.deepEqual(await decoder.decodeRgb(bytes, 32), await decoder.decodeRgb(bytes, 32));
  });
});

describe("files that cannot be used", () => {
  const small = new ImageDecoder(SMALL_LIMITS);

  test("each has its own reason", async () => {
    for (const [reason, bytes] of Object.entries(await brokenFiles())) {
      const error = await rejection(bytes, small);
      assert.equal(error.reason, reason, error.detail);
      assert.notEqual(error.detail, "");
      assert.doesNotMatch(error.detail, /failOn/);
    }
  });

  for (const format of IMAGE_FORMATS) {
    test(`a ${format} that was cut off is TRUNCATED wherever it was cut`, async () => {
      const bytes = await noisyImageFile(2, { format });
      for (const part of [0.3, 0.6, 0.95]) {
        const error = await rejection(bytes.subarray(0, Math.floor(bytes.length * part)));
        assert.equal(error.reason, "TRUNCATED", `${part}: ${error.detail}`);
      }
    });
  }

  test("files that fail at the same time have their own reasons", async () => {
    const { TRUNCATED, DAMAGED } = await brokenFiles();
    const pairs = Array.from({ length: 100 }, () => [rejection(TRUNCATED), rejection(DAMAGED)]).flat();
    const rejections = await Promise.all(pairs);
    // Another file may have taken the decoder's message, which leaves a general one.
    for (const { detail } of rejections) assert.match(detail, /^(?!.*failOn)\w+: ./);
    const reasons = rejections.map(({ reason }) => reason);
    assert.deepEqual(reasons, Array.from({ length: 100 }, () => ["TRUNCATED", "DAMAGED"]).flat());
  });

  test("images in unsupported formats are distinguished from files that are not images", async () => {
    const files: Record<string, Uint8Array> = {
      SVG: Buffer.from(
        `<?xml version="1.0"?>\n<!-- a comment -->\n<svg xmlns="http://www.w3.org/2000/svg"/>`,
      ),
      HEIC: Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"),
      Photoshop: Buffer.from("8BPS\0\x01\0\0\0\0\0\0\0\x03", "latin1"),
      "JPEG XL": Buffer.from("\xff\x0a\x00\x00\x00\x00", "latin1"),
      Netpbm: Buffer.from("P6\n2 2\n255\n123412341234"),
    };
    for (const [name, bytes] of Object.entries(files)) {
      const { reason, detail } = await rejection(bytes);
      assert.equal(reason, "UNSUPPORTED_FORMAT", name);
      assert.ok(detail.includes(name), detail);
    }
    for (const text of [
      "",
      "GIF",
      "BM and other words",
      "%PDF-1.7",
      "\0\0\0\x18ftypisom\0\0\0\0isommp42",
      "<html><svg/></html>",
    ]) {
      const { reason } = await rejection(Buffer.from(`${text} `.repeat(20), "latin1"));
      assert.equal(reason, "NOT_AN_IMAGE", text);
    }
  });

  test("an SVG is never rendered, whatever precedes it", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>`;
    for (const prefix of [
      "",
      "GIF89a",
      "\xff\xd8\xff",
      "II*\0",
      "\x89PNG\r\n\x1a\n",
      " \n",
      "\xef\xbb\xbf",
      "<!-- x -->",
    ]) {
      await rejection(Buffer.from(prefix + svg, "latin1"));
    }
  });

  test("a header that announces a gigantic image takes no memory", async () => {
    const bytes = Buffer.from(await imageFile(3));
    bytes.writeUInt32BE(60_000, 16); // width and height in the IHDR chunk
    bytes.writeUInt32BE(60_000, 20);
    const before = process.memoryUsage().rss;
    assert.match((await rejection(bytes)).reason, /TOO_MANY_PIXELS|DAMAGED/);
    assert.ok(process.memoryUsage().rss - before < 200_000_000);
  });

  test("a randomly damaged file is either rejected with a reason or decoded", async () => {
    const random = seededRandom(20_26);
    const originals = await Promise.all(
      IMAGE_FORMATS.map((format, seed) => noisyImageFile(seed, { format, width: 32, height: 32 })),
    );
    const reasons = new Map<string, number>();
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(originals[round % originals.length] ?? []);
      for (let changes = 1 + Math.floor(random() * 12); changes > 0; changes--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const damaged = random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
      const outcome = await decoder.inspect(damaged).then(
        () => "an image",
        (error: unknown) => (error instanceof ImageRejected ? error.reason : `unexpected ${error}`),
      );
      reasons.set(outcome, (reasons.get(outcome) ?? 0) + 1);
      assert.doesNotMatch(outcome, /unexpected/);
      if (outcome !== "an image") continue;
      // An image that passes the inspection can be decoded for training.
      assert.equal((await decoder.decodeRgb(damaged, 8)).length, 8 * 8 * 3);
    }
    assert.ok((reasons.get("DAMAGED") ?? 0) > 20, JSON.stringify([...reasons]));
    assert.ok((reasons.get("TRUNCATED") ?? 0) > 20, JSON.stringify([...reasons]));
  });
});

test("a PNG is encoded from pixels without loss", async () => {
  const random = seededRandom(3);
  const pixels = Uint8Array.from({ length: 9 * 9 * 3 }, () => Math.floor(random() * 256));
  const png = await decoder.encodePng(pixels, 9);
  assert.equal((await sharp(png).metadata()).format, "png");
  assert.deepEqual(Uint8Array.from(await sharp(png).raw().toBuffer()), pixels);
});
