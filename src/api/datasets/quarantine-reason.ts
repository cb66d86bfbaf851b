import { registerEnumType } from "type-graphql";
import { QuarantineReason } from "../../core/enumerations.js";

registerEnumType(QuarantineReason, {
  name: "QuarantineReason",
  description: "Why a file is not used as an image.",
  valuesConfig: {
    EMPTY: { description: "The file has no bytes." },
    NOT_AN_IMAGE: { description: "The content is not an image, whatever the file name says." },
    UNSUPPORTED_FORMAT: {
      description: "The image has a format other than JPEG, PNG, WebP, GIF, AVIF and TIFF.",
    },
    TRUNCATED: { description: "The file ends before the image does, as after a broken download." },
    DAMAGED: { description: "The file violates its own format and cannot be decoded." },
    TOO_LARGE: { description: "The file has more bytes than this server accepts for one image." },
    TOO_MANY_PIXELS: { description: "The image has more pixels than `limits.imagePixels`." },
    CONFLICTING_LABEL: { description: "Files with the same bytes lie in folders of different classes." },
    OUTSIDE_CLASS_FOLDERS: {
      description: "The image lies outside of the class folders, so it has no label.",
    },
  },
});

export { QuarantineReason };
