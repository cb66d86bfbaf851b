import { availableParallelism } from "node:os";
import pLimit, { type LimitFunction } from "p-limit";
import sharp, { type Sharp } from "sharp";
import type { Limits } from "../../core/config.js";
import type { QuarantineReason } from "../../core/enumerations.js";
import { type ImageFormat, recogniseFormat, SUPPORTED_FORMATS } from "./format.js";
import { endsTooEarly } from "./truncation.js";

/** Why bytes cannot be used as a picture. */
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

/** Behind transparent pixels; fixed, since training and serving must see the same. */
const BACKGROUND = "#ffffff";
const THUMBNAIL_QUALITY = 85;
/** Pictures that are decoded whole when inspected: a few megabytes each. */
const SMALL_PIXELS = 1_000_000;
/** To what the others are stretched then: cheap, while every pixel of the source is still read. */
const INSPECTION_PIXELS = 16;
/** Of libuv's pool, where decoding runs beside all file access. */
const DEFAULT_POOL_THREADS = 4;

/**
 * Turns files into pixels, always in the same way: the first frame, upright by its EXIF orientation,
 * in sRGB with 8 bits, on a white background. Training, evaluation and serving all decode here.
 *
 * The format is told by the bytes before any decoder sees them, so what is not in the list (SVG above
 * all) is never rendered.
 */
export class ImageDecoder {
  readonly #limits: Pick<Limits, "imageBytes" | "imagePixels">;
  readonly #decoding: LimitFunction;

  constructor(limits: Pick<Limits, "imageBytes" | "imagePixels">) {
    this.#limits = limits;
    // Pictures come once, so libvips has nothing to keep; and each is decoded by one thread, many at once.
    sharp.cache(false);
    sharp.concurrency(1);
    const threads = Number(process.env.UV_THREADPOOL_SIZE) || DEFAULT_POOL_THREADS;
    this.#decoding = pLimit(Math.max(1, Math.min(availableParallelism(), threads - 1)));
  }

  /**
   * The size of a picture as it is seen, upright. Decodes all of it, so that what passes here can be
   * trained on.
   *
   * @throws ImageRejected
   */
  async inspect(bytes: Uint8Array): Promise<ImageSize> {
    const smallLimit = Math.min(SMALL_PIXELS, this.#limits.imagePixels);
    return this.#decode(bytes, async () => {
      try {
        // One pass gives pixels and size. It holds the whole picture, hence only small ones.
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
   * The picture stretched to a square, as `sizePixels * sizePixels * 3` bytes: rows from the top,
   * pixels from the left, red, green and blue.
   *
   * @throws ImageRejected
   */
  async decodeRgb(bytes: Uint8Array, sizePixels: number): Promise<Uint8Array> {
    return this.#decode(bytes, () => this.#square(bytes, sizePixels).toBuffer());
  }

  /**
   * A JPEG for people to look at, its longer side at most `sizePixels`, with the metadata left out.
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
   * A PNG of a square of pixels, which it keeps exactly.
   *
   * @param pixels `sizePixels * sizePixels * 3` bytes, as `decodeRgb` gives them
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
      `${width} x ${height} pixels; at most ${this.#limits.imagePixels} are taken.`,
    );
  }

  #requireFormat(bytes: Uint8Array): ImageFormat {
    if (bytes.length === 0) throw new ImageRejected("EMPTY", "The file has no bytes.");
    if (bytes.length > this.#limits.imageBytes) throw tooManyBytes(bytes.length, this.#limits.imageBytes);
    const recognised = recogniseFormat(bytes);
    if (recognised.kind === "supported") return recognised.format;
    throw recognised.kind === "unsupported"
      ? new ImageRejected(
          "UNSUPPORTED_FORMAT",
          `A ${recognised.name} picture; only ${SUPPORTED_FORMATS} are taken.`,
        )
      : new ImageRejected(
          "NOT_AN_IMAGE",
          `Its first bytes are those of no picture format that is known here.`,
        );
  }
}

/** The rejection of a file that is larger than `limits.imageBytes`, also for those never read. */
export function tooManyBytes(sizeBytes: number, limitBytes: number): ImageRejected {
  return new ImageRejected("TOO_LARGE", `${sizeBytes} bytes; at most ${limitBytes} are taken.`);
}

function open(bytes: Uint8Array, limitInputPixels: number | false): Sharp {
  // Warnings are how decoders report wrong pixels, in JPEG above all.
  return sharp(bytes, { failOn: "warning", limitInputPixels, pages: 1 });
}

function isOverPixelLimit(error: unknown): boolean {
  return error instanceof Error && error.message.includes("exceeds pixel limit");
}

/**
 * The reason comes from the file's own structure: what a decoder says may be mixed with what it says of
 * another file that fails at the same time, since libvips keeps one list of errors for all threads.
 */
function rejectionOf(error: unknown, bytes: Uint8Array, format: ImageFormat): ImageRejected {
  const message = error instanceof Error ? error.message : String(error);
  const reason = endsTooEarly(bytes, format) ? "TRUNCATED" : "DAMAGED";
  return new ImageRejected(reason, `${format}: ${tellingLine(message, format)}`, { cause: error });
}

/** What the loader of a format calls itself in its messages. */
const LOADERS: Record<ImageFormat, RegExp> = {
  jpeg: /jpeg/i,
  png: /png/i,
  webp: /webp/i,
  gif: /gif/i,
  avif: /heif|avif/i,
  tiff: /tiff/i,
};

/** The decoder's own words, without the trail of offsets that some append. */
function tellingLine(message: string, format: ImageFormat): string {
  const lines = message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(source: bad seek|Warning treated as error)/.test(line));
  const telling = lines.find((line) => LOADERS[format].test(line)) ?? lines[0] ?? message;
  // Bytes of a broken file may be in it, and Postgres keeps no NUL in a text.
  return telling.replace(/[\p{Cc}\p{Cs}]/gu, "?").slice(0, 200);
}
