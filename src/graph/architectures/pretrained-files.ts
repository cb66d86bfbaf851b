import type { Architecture, Preprocessing, PretrainedWeights } from "../../core/enumerations.js";
import type { NetworkShape } from "./architecture.js";

/** A file of weights that torchvision or Keras publishes. */
export interface PretrainedFile {
  /** The published name. */
  readonly name: string;
  readonly url: string;
  /** Beginning, or all, of its digest, hexadecimal. */
  readonly digest: { readonly algorithm: "sha256" | "md5"; readonly begins: string };
  /** The preprocessing with which it was trained. */
  readonly preprocessing: Preprocessing;
}

const TORCHVISION = "https://download.pytorch.org/models/";
const KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/";

/** Files of torchvision without and with batch normalization; their names end in the first digits of the SHA-256. */
const TORCHVISION_FILES: Readonly<
  Record<Architecture, { readonly plain?: string; readonly normalized: string }>
> = {
  VGG11: { plain: "vgg11-8a719046", normalized: "vgg11_bn-6002323d" },
  VGG13: { plain: "vgg13-19584684", normalized: "vgg13_bn-abd245e5" },
  VGG16: { plain: "vgg16-397923af", normalized: "vgg16_bn-6c64b313" },
  VGG19: { plain: "vgg19-dcbb9e9d", normalized: "vgg19_bn-c79401a0" },
  RESNET18: { normalized: "resnet18-f37072fd" },
  RESNET34: { normalized: "resnet34-b627a593" },
  RESNET50: { normalized: "resnet50-11ad3fa6" },
};

/** MD5 of Keras's files with and without the fully connected head. */
const KERAS_FILES: Readonly<
  Partial<Record<Architecture, { readonly whole: string; readonly headless: string }>>
> = {
  VGG16: { whole: "64373286793e3c8b2b4e3219cbf3544b", headless: "6d6bbae143d832006294945121d1f1fc" },
  VGG19: { whole: "cbe5617147190e668d6c5d5026f83318", headless: "253f8cb515780f3b799900260a226db6" },
};

/** The published file for a network; null: there is none. */
export type PretrainedTable = (
  weights: PretrainedWeights,
  network: Pick<NetworkShape, "architecture" | "batchNormalization" | "head">,
) => PretrainedFile | null;

export const publishedFile: PretrainedTable = (weights, network) =>
  weights === "IMAGENET_KERAS" ? fileOfKeras(network) : fileOfTorchvision(network);

function fileOfTorchvision({
  architecture,
  batchNormalization,
}: Parameters<PretrainedTable>[1]): PretrainedFile | null {
  const { plain, normalized } = TORCHVISION_FILES[architecture];
  const stem = batchNormalization ? normalized : plain;
  if (stem === undefined) return null;
  const name = `${stem}.pth`;
  return {
    name,
    url: TORCHVISION + name,
    digest: { algorithm: "sha256", begins: stem.slice(stem.lastIndexOf("-") + 1) },
    preprocessing: "IMAGENET_TORCH",
  };
}

/** A network that pools has no use for the fully connected layers, which are nine tenths of the file. */
function fileOfKeras({
  architecture,
  batchNormalization,
  head,
}: Parameters<PretrainedTable>[1]): PretrainedFile | null {
  const digests = KERAS_FILES[architecture];
  if (digests === undefined || batchNormalization) return null;
  const [suffix, md5] = head.kind === "FULLY_CONNECTED" ? ["", digests.whole] : ["_notop", digests.headless];
  const folder = architecture.toLowerCase();
  const name = `${folder}_weights_tf_dim_ordering_tf_kernels${suffix}.h5`;
  return {
    name,
    url: `${KERAS}${folder}/${name}`,
    digest: { algorithm: "md5", begins: md5 },
    preprocessing: "IMAGENET_CAFFE",
  };
}
