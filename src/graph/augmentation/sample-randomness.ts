import type { GraphBuilder } from "../graph-builder.js";
import type { Tensor } from "../graph-node.js";
import { cast, expandDims } from "../ops/array.js";
import { shiftRight, xor } from "../ops/bitwise.js";
import { unpackColumns } from "../ops/columns.js";
import { constant, float32 } from "../ops/constants.js";
import { add, multiply } from "../ops/math.js";

/** The values that the random numbers of a batch depend on, and nothing else. */
export interface SampleDraw {
  /** int32 [n]: the position of each sample in the manifest. */
  readonly samples: Tensor;
  /** int32 []: counted from 1. */
  readonly epoch: Tensor;
  /** The run's seed. */
  readonly seed: number;
}

/** The step and the mixer of SplitMix64 (Steele, Lea and Flood, 2014; the mixer is Stafford's 13th). */
const GOLDEN_GAMMA = 0x9e3779b97f4a7c15n;
const MIXER = [
  { shift: 30n, multiplier: 0xbf58476d1ce4e5b9n },
  { shift: 27n, multiplier: 0x94d049bb133111ebn },
] as const;
const LAST_SHIFT = 31n;

/** A float32 holds 24 bits exactly. */
const DISCARDED_BITS = 40n;
const UNIT = 2 ** -24;

/**
 * Draws a random number for every sample of a batch and each stream: float32 [n], uniform in [0, 1). A number is a hash
 * of seed, epoch, sample and stream in whole numbers, so it is the same on every machine, and does not depend on the
 * other streams that are drawn.
 *
 * @param streams numbers from 0
 * @returns as many tensors as there are streams
 */
export function drawForSamples(graph: GraphBuilder, draw: SampleDraw, streams: readonly number[]): Tensor[] {
  return graph.scope("draw", () => {
    const seed = uint64Vector(graph, [mixed(BigInt.asUintN(64, BigInt(draw.seed) + GOLDEN_GAMMA))]);
    const ofEpoch = mix(graph, xor(graph, seed, cast(graph, draw.epoch, "uint64")));
    const ofSamples = mix(graph, xor(graph, ofEpoch, cast(graph, draw.samples, "uint64")));
    const steps = streams.map((stream) => BigInt.asUintN(64, BigInt(stream + 1) * GOLDEN_GAMMA));
    const states = add(graph, expandDims(graph, ofSamples, 1), uint64Vector(graph, steps));
    const bits = shiftRight(graph, mix(graph, states), uint64Vector(graph, [DISCARDED_BITS]));
    return unpackColumns(graph, multiply(graph, cast(graph, bits, "float32"), float32(graph, UNIT)));
  });
}

function mix(graph: GraphBuilder, bits: Tensor): Tensor {
  const folded = (x: Tensor, shift: bigint): Tensor =>
    xor(graph, x, shiftRight(graph, x, uint64Vector(graph, [shift])));
  const stirred = MIXER.reduce(
    (x, { shift, multiplier }) => multiply(graph, folded(x, shift), uint64Vector(graph, [multiplier])),
    bits,
  );
  return folded(stirred, LAST_SHIFT);
}

/** The same for one number. */
function mixed(bits: bigint): bigint {
  const stirred = MIXER.reduce(
    (x, { shift, multiplier }) => BigInt.asUintN(64, (x ^ (x >> shift)) * multiplier),
    bits,
  );
  return stirred ^ (stirred >> LAST_SHIFT);
}

function uint64Vector(graph: GraphBuilder, values: readonly bigint[]): Tensor {
  const content = new Uint8Array(BigUint64Array.from(values).buffer);
  return constant(graph, "Const", { dtype: "uint64", shape: [values.length], content });
}
