import { image } from "./svg.js";

/** Broken files as they occur in collected images, made from the bytes of a valid JPEG. */
export const BROKEN_FILES: Readonly<Record<string, (jpeg: Uint8Array) => Uint8Array>> = {
  "daisy/download-interrupted.jpg": (jpeg) => jpeg.subarray(0, Math.floor(jpeg.length / 2)),
  "rose/empty.jpg": () => new Uint8Array(),
  "sunflower/notes.jpg": () => Buffer.from("Sunflowers were photographed in the evening.\n"),
  "tulip/drawing.svg": () => Buffer.from(image(96, 96, "<circle cx='48' cy='48' r='40' fill='red'/>")),
};
