import { availableParallelism } from "node:os";
import pLimit, { type LimitFunction } from "p-limit";
import sharp, { type Sharp } from "sharp";
import type { Limits } from "../../core/config.js";
import type { QuarantineReason } from "../../core/enumerations.js";
import { messageOf } from "../../lang/text/message-of.js";
import { type ImageFormat, recognizeFormat, SUPPORTED_FORMATS } from "./format.js";
import { endsTooEarly } from "./truncation.js";

/** Bytes that cannot be used as an image, with the reason. */
export class ImageRejected extends Error {
  override readonly name = "ImageRejected";

  constructor(
    readonly reason: QuarantineReason,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${reason}: ${detail}`, options);
  }
}

export interface ImageSize {
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** The color behind transparent pixels. It is fixed because training and serving must see the same pixels. */
const BACKGROUND = "#ffffff";
const THUMBNAIL_QUALITY = 85;
/** Images up to this size are decoded whole for inspection; each takes a few megabytes. */
const SMALL_PIXELS = 1_000_000;
/** Larger images are resized to this size for inspection, which is cheap and still reads every pixel. */
const INSPECTION_PIXELS = 16;
/** Threads of libuv's pool, which decodes images and accesses files. */
const DEFAULT_POOL_THREADS = 4;

/**
 * Decodes image files, always in the same way: the first frame, rotated by its EXIF orientation, in sRGB with 8 bits,
 * on a white background. Training, evaluation and serving all use this decoder.
 *
 * The bytes decide the format before a decoder sees them, so that formats outside the list, SVG above all, are never
 * rendered.
 */
export class ImageDecoder {
  readonly #limits: Pick<Limits, "imageBytes" | "imagePixels">;
  readonly #decoding: LimitFunction;

  constructor(limits: Pick<Limits, "imageBytes" | "imagePixels">) {
    this.#limits = limits;
    // Each image is decoded once, so a cache is of no use. Each takes one thread, and many are decoded at once.
    sharp.cache(false);
    sharp.concurrency(1);
    const threads = Number(process.env.UV_THREADPOOL_SIZE) || DEFAULT_POOL_THREADS;
    this.#decoding = pLimit(Math.max(1, Math.min(availableParallelism(), threads - 1)));
  }

  /**
   * The size of an image after its EXIF orientation is applied. Decodes the whole image, so that training can use
   * every image that passes.
   *
   * @throws ImageRejected
   */
  async inspect(bytes: Uint8Array): Promise<ImageSize> {
    const smallLimit = Math.min(SMALL_PIXELS, this.#limits.imagePixels);
    return this.#decode(bytes, async () => {
      try {
        // One pass yields pixels and size, but holds the whole image in memory.
        const { info } = await open(bytes, smallLimit)
          .autoOrient()
          .raw()
          .toBuffer({ resolveWithObject: true });
        return { widthPixels: info.width, heightPixels: info.height };
      } catch (error) {
        if (!isOverPixelLimit(error)) throw error;
      }
      const { autoOrient } = await open(bytes, this.#limits.imagePixels).metadata();
      await this.#square(bytes, INSPECTION_PIXELS).toBuffer();
      return { widthPixels: autoOrient.width, heightPixels: autoOrient.height };
    });
  }

  /**
   * The image stretched to a square, as `sizePixels * sizePixels * 3` bytes: rows from the top, pixels from the left,
   * red, green and blue.
   *
   * @throws ImageRejected
   */
  async decodeRgb(bytes: Uint8Array, sizePixels: number): Promise<Uint8Array> {
    return this.#decode(bytes, () => this.#square(bytes, sizePixels).toBuffer());
  }

  /**
   * A JPEG for people to look at, without metadata. Its longer side has at most `sizePixels` pixels.
   *
   * @throws ImageRejected
   */
  async thumbnail(bytes: Uint8Array, sizePixels: number): Promise<Uint8Array> {
    return this.#decode(bytes, () =>
      this.#upright(bytes)
        .resize(sizePixels, sizePixels, { fit: "inside", withoutEnlargement: true })
        .toColourspace("srgb")
        .jpeg({ quality: THUMBNAIL_QUALITY })
        .toBuffer(),
    );
  }

  /**
   * A PNG of a square image, without loss.
   *
   * @param pixels `sizePixels * sizePixels * 3` bytes, as `decodeRgb` returns them
   */
  async encodePng(pixels: Uint8Array, sizePixels: number): Promise<Uint8Array> {
    const raw = { width: sizePixels, height: sizePixels, channels: 3 } as const;
    return this.#decoding(() => sharp(pixels, { raw }).png().toBuffer());
  }

  #square(bytes: Uint8Array, sizePixels: number): Sharp {
    return this.#upright(bytes)
      .resize(sizePixels, sizePixels, { fit: "fill" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" });
  }

  #upright(bytes: Uint8Array): Sharp {
    return open(bytes, this.#limits.imagePixels).autoOrient().flatten({ background: BACKGROUND });
  }

  async #decode<T>(bytes: Uint8Array, work: () => Promise<T>): Promise<T> {
    const format = this.#requireFormat(bytes);
    return this.#decoding(async () => {
      try {
        return await work();
      } catch (error) {
        throw isOverPixelLimit(error) ? await this.#tooManyPixels(bytes) : rejectionOf(error, bytes, format);
      }
    });
  }

  async #tooManyPixels(bytes: Uint8Array): Promise<ImageRejected> {
    const { width, height } = await open(bytes, false).metadata();
    return new ImageRejected(
      "TOO_MANY_PIXELS",
      `${width} x ${height} pixels; at most ${this.#limits.imagePixels} are allowed.`,
    );
  }

  #requireFormat(bytes: Uint8Array): ImageFormat {
    if (bytes.length === 0) throw new ImageRejected("EMPTY", "The file has no bytes.");
    if (bytes.length > this.#limits.imageBytes) throw tooManyBytes(bytes.length, this.#limits.imageBytes);
    const recognized = recognizeFormat(bytes);
    if (recognized.kind === "supported") return recognized.format;
    throw recognized.kind === "unsupported"
      ? new ImageRejected(
          "UNSUPPORTED_FORMAT",
          `A ${recognized.name} image. The supported formats are ${SUPPORTED_FORMATS}.`,
        )
      : new ImageRejected("NOT_AN_IMAGE", "Its first bytes do not belong to a known image format.");
  }
}

/** Rejects a file larger than `limits.imageBytes`, whether or not it was read. */
export function tooManyBytes(sizeBytes: number, limitBytes: number): ImageRejected {
  return new ImageRejected("TOO_LARGE", `${sizeBytes} bytes; at most ${limitBytes} are allowed.`);
}

function open(bytes: Uint8Array, limitInputPixels: number | false): Sharp {
  // Decoders report wrong pixels as warnings, JPEG decoders above all.
  return sharp(bytes, { failOn: "warning", limitInputPixels, pages: 1 });
}

function isOverPixelLimit(error: unknown): boolean {
  return error instanceof Error && error.message.includes("exceeds pixel limit");
}

/**
 * Takes the reason from the structure of the file. The message of the decoder may be mixed with that of another file
 * that fails at the same time, since libvips keeps one list of errors for all threads.
 */
function rejectionOf(error: unknown, bytes: Uint8Array, format: ImageFormat): ImageRejected {
  const message = messageOf(error);
  const reason = endsTooEarly(bytes, format) ? "TRUNCATED" : "DAMAGED";
  const detail = tellingLine(message, format) ?? WORDS[reason];
  return new ImageRejected(reason, `${format}: ${detail}`, { cause: error });
}

/** The detail where the decoder names no cause. */
const WORDS = {
  TRUNCATED: "the file ends before the image is complete",
  DAMAGED: "the image data are damaged",
} as const satisfies Partial<Record<QuarantineReason, string>>;

/** The name that the loader of a format has in its messages. */
const LOADERS: Record<ImageFormat, RegExp> = {
  jpeg: /jpeg/i,
  png: /png/i,
  webp: /webp/i,
  gif: /gif/i,
  avif: /heif|avif/i,
  tiff: /tiff/i,
};

/**
 * The line of the decoder's message that names the cause, without the offsets that some decoders append. Undefined when
 * no line does.
 */
function tellingLine(message: string, format: ImageFormat): string | undefined {
  const lines = message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(source: bad seek|Warning treated as error)/.test(line));
  const telling = lines.find((line) => LOADERS[format].test(line)) ?? lines[0];
  // It may contain bytes of the file, and Postgres stores no NUL in a text.
  return telling?.replace(/[\p{Cc}\p{Cs}]/gu, "?").slice(0, 200);
}
