import { registerEnumType } from "type-graphql";
import { QuarantineReason } from "../../core/enumerations.js";

registerEnumType(QuarantineReason, {
  name: "QuarantineReason",
  description: "Why a file is not used as a picture.",
  valuesConfig: {
    EMPTY: { description: "It has no bytes." },
    NOT_AN_IMAGE: { description: "Its bytes are not those of a picture, whatever its name says." },
    UNSUPPORTED_FORMAT: {
      description: "A picture in a format other than JPEG, PNG, WebP, GIF, AVIF and TIFF.",
    },
    TRUNCATED: { description: "It ends before the picture does, as after a broken download." },
    DAMAGED: { description: "It contradicts its own format and cannot be decoded." },
    TOO_LARGE: { description: "The file has more bytes than this server accepts for one picture." },
    TOO_MANY_PIXELS: { description: "The picture has more pixels than `limits.imagePixels`." },
    CONFLICTING_LABEL: { description: "The same bytes lie in folders of different classes." },
    OUTSIDE_CLASS_FOLDERS: {
      description: "A picture that lies beside the class folders, so it has no label.",
    },
  },
});

export { QuarantineReason };
