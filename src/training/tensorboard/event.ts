import { ProtobufWriter } from "../../graph/saved-model/protobuf-writer.js";

/** A named value that TensorBoard draws for one moment. Slashes in the name make groups. */
export type Summary =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  | { readonly kind: "histogram"; readonly tag: string; readonly histogram: Histogram }
  | { readonly kind: "image"; readonly tag: string; readonly sizePixels: number; readonly png: Uint8Array };

/** A histogram with buckets of equal width from `min` to `max`. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly counts: readonly number[];
}

export interface Moment {
  readonly at: Date;
  /** Number of optimizer steps. */
  readonly step: number;
}

const FORMAT = "brain.Event:2";
const RGB_CHANNELS = 3;

/** Encodes the first event of a file: a `tensorflow.Event` (tensorflow/core/util/event.proto). */
export function formatEvent(moment: Moment): Uint8Array {
  return encodeEvent(moment, (event) => event.text(EVENT.fileVersion, FORMAT));
}

/** Encodes a `tensorflow.Event` with a `tensorflow.Summary` (tensorflow/core/framework/summary.proto). */
export function summaryEvent(moment: Moment, summaries: readonly Summary[]): Uint8Array {
  return encodeEvent(moment, (event) =>
    event.message(EVENT.summary, (message) => {
      for (const summary of summaries) message.message(SUMMARY.value, (value) => writeValue(value, summary));
    }),
  );
}

/** Decodes the step of an event that these functions encoded. */
export function stepOf(event: Uint8Array): number {
  // A missing field is 0.
  if (event[STEP_OFFSET] !== EVENT.step << VARINT_TAG_BITS) return 0;
  let step = 0;
  for (let offset = STEP_OFFSET + 1, scale = 1; offset < event.length; offset++, scale *= 128) {
    const byte = event[offset] ?? 0;
    step += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  return step;
}

const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY = { value: 1 } as const;
const VALUE = { tag: 1, simpleValue: 2, image: 4, histogram: 5 } as const;
const IMAGE = { height: 1, width: 2, colorSpace: 3, encoded: 4 } as const;
const HISTOGRAM = { min: 1, max: 2, count: 3, sum: 4, sumOfSquares: 5, limits: 6, counts: 7 } as const;

const VARINT_TAG_BITS = 3;
/** The offset after the wall time and its tag. */
const STEP_OFFSET = 1 + 8;

function encodeEvent({ at, step }: Moment, write: (event: ProtobufWriter) => void): Uint8Array {
  const event = new ProtobufWriter();
  event.double(EVENT.wallTime, at.getTime() / 1000);
  if (step !== 0) event.integer(EVENT.step, step);
  write(event);
  return event.finish();
}

function writeValue(value: ProtobufWriter, summary: Summary): void {
  value.text(VALUE.tag, summary.tag);
  switch (summary.kind) {
    case "scalar":
      value.float(VALUE.simpleValue, summary.value);
      break;
    case "histogram":
      value.message(VALUE.histogram, (message) => writeHistogram(message, summary.histogram));
      break;
    case "image":
      value.message(VALUE.image, (image) => {
        image.integer(IMAGE.height, summary.sizePixels);
        image.integer(IMAGE.width, summary.sizePixels);
        image.integer(IMAGE.colorSpace, RGB_CHANNELS);
        image.bytes(IMAGE.encoded, summary.png);
      });
  }
}

function writeHistogram(message: ProtobufWriter, histogram: Histogram): void {
  const { min, max, sum, sumOfSquares, counts } = histogram;
  message.double(HISTOGRAM.min, min);
  message.double(HISTOGRAM.max, max);
  message.double(
    HISTOGRAM.count,
    counts.reduce((total, count) => total + count, 0),
  );
  message.double(HISTOGRAM.sum, sum);
  message.double(HISTOGRAM.sumOfSquares, sumOfSquares);
  const limits = counts.map((_count, bucket) => min + ((max - min) * (bucket + 1)) / counts.length);
  message.doubles(HISTOGRAM.limits, limits);
  message.doubles(HISTOGRAM.counts, counts);
}
