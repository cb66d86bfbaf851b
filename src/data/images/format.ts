/** The supported image formats, by the names that sharp has for them. */
export type ImageFormat = "jpeg" | "png" | "webp" | "gif" | "avif" | "tiff";

export const SUPPORTED_FORMATS = "JPEG, PNG, WebP, GIF, AVIF and TIFF";

export type RecognizedFormat =
  | { readonly kind: "supported"; readonly format: ImageFormat }
  /** An image in a format that is never decoded. */
  | { readonly kind: "unsupported"; readonly name: string }
  | { readonly kind: "unknown" };

interface Signature {
  readonly offset?: number;
  /** In Latin-1, where each character is one byte. */
  readonly bytes: string;
}

const SUPPORTED: readonly (Signature & { readonly format: ImageFormat })[] = [
  { format: "jpeg", bytes: "\xff\xd8\xff" },
  { format: "png", bytes: "\x89PNG\r\n\x1a\n" },
  { format: "gif", bytes: "GIF87a" },
  { format: "gif", bytes: "GIF89a" },
  { format: "tiff", bytes: "II*\0" },
  { format: "tiff", bytes: "MM\0*" },
  { format: "tiff", bytes: "II+\0" },
  { format: "tiff", bytes: "MM\0+" },
];

/** Compared before the supported formats, because camera raw files begin like TIFF files. */
const UNSUPPORTED: readonly (Signature & { readonly name: string })[] = [
  { name: "Canon raw", bytes: "CR\x02", offset: 8 },
  { name: "Fujifilm raw", bytes: "FUJIFILMCCD-RAW" },
  { name: "Olympus raw", bytes: "IIRO" },
  { name: "Photoshop", bytes: "8BPS" },
  { name: "JPEG 2000", bytes: "\0\0\0\x0cjP  \r\n\x87\n" },
  { name: "JPEG 2000", bytes: "\xff\x4f\xff\x51" },
  { name: "JPEG XL", bytes: "\xff\x0a" },
  { name: "JPEG XL", bytes: "\0\0\0\x0cJXL \r\n\x87\n" },
  { name: "icon", bytes: "\0\0\x01\0" },
  { name: "cursor", bytes: "\0\0\x02\0" },
  { name: "OpenEXR", bytes: "\x76\x2f\x31\x01" },
  { name: "Radiance HDR", bytes: "#?RADIANCE" },
  { name: "DirectDraw surface", bytes: "DDS " },
  { name: "QOI", bytes: "qoif" },
  { name: "XCF", bytes: "gimp xcf " },
];

/** Bytes that decide the format; SVG may begin with a long comment. */
const HEAD_BYTES = 4096;

/**
 * Recognizes the format of an image by its first bytes. Names and MIME types are never trusted.
 *
 * @param bytes the file, or at least its first 4 KiB
 */
export function recognizeFormat(bytes: Uint8Array): RecognizedFormat {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString(
    "latin1",
  );
  const matches = ({ offset = 0, bytes: signature }: Signature): boolean =>
    head.startsWith(signature, offset);

  const container = recognizeContainer(head);
  if (container !== null) return container;
  const unsupported = UNSUPPORTED.find(matches)?.name ?? recognizeByStructure(head);
  if (unsupported !== null) return { kind: "unsupported", name: unsupported };
  const format = SUPPORTED.find(matches)?.format;
  return format === undefined ? { kind: "unknown" } : { kind: "supported", format };
}

/** Recognizes formats inside a general container by the brands that the container names. */
function recognizeContainer(head: string): RecognizedFormat | null {
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return { kind: "supported", format: "webp" };
  if (!head.startsWith("ftyp", 4)) return null;
  const boxBytes = Buffer.from(head.slice(0, 4), "latin1").readUInt32BE();
  const brands: string[] = [];
  for (let at = 8; at + 4 <= Math.min(boxBytes, head.length); at += 4) {
    if (at !== 12) brands.push(head.slice(at, at + 4)); // 12: the minor version
  }
  if (brands.some((brand) => brand === "avif" || brand === "avis"))
    return { kind: "supported", format: "avif" };
  if (brands.some((brand) => /^(hei|hev|mif1|msf1)/.test(brand)))
    return { kind: "unsupported", name: "HEIC" };
  if (brands.some((brand) => brand === "crx ")) return { kind: "unsupported", name: "Canon raw" };
  return null; // a video, for example
}

/** Recognizes formats that their first bytes alone do not identify. */
function recognizeByStructure(head: string): string | null {
  const reservedOfBitmap = head.slice(6, 10);
  if (head.startsWith("BM") && head.length >= 26 && reservedOfBitmap === "\0\0\0\0") return "BMP";
  if (/^P[1-7][\s#]/.test(head)) return "Netpbm";
  // An XML declaration, comments and a document type may come before the root element.
  const text = head.replace(/^\xef\xbb\xbf/, "");
  if (
    /^\s*(<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE[^>[]*(\[[^\]]*\])?[^>]*>\s*)*<(\w+:)?svg[\s>/]/i.test(
      text,
    )
  )
    return "SVG";
  return null;
}
