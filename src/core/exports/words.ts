import type { WordSet } from "../settings/words.js";

export const EXPORT_FORMATS = {
  name: "ExportFormat",
  description: "A file format that programs other than Espalier open.",
  meanings: {
    SAVED_MODEL: "TensorFlow's SavedModel, in a zip archive.",
    KERAS: "Keras 3: a `.keras` archive, which loads in its safe mode.",
    TFLITE: "TensorFlow Lite, which is LiteRT by its new name: for phones and small devices.",
    ONNX: "ONNX with opset 17: for ONNX Runtime and many other programs.",
  },
} as const satisfies WordSet;

export const EXPORT_PRECISIONS = {
  name: "ExportPrecision",
  description: "The number format of an exported file's weights.",
  meanings: {
    FLOAT32: "Weights of 32 bits, as in training: the file gives the same predictions.",
    FLOAT16: "Weights of 16 bits, which halve the file; runtimes compute in float32. For TFLITE and ONNX.",
    INT8:
      "Weights and activations in 8 bits: a quarter of the size, and faster where the processor has instructions for it. " +
      "The ranges of the activations are measured on images of the training split. For TFLITE and ONNX.",
  },
} as const satisfies WordSet;
