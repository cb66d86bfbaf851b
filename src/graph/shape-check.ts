import { AppError } from "../core/app-error.js";
import type { Tensor } from "./graph-node.js";
import { type DType, FLOAT_TYPES, formatShape, formatSpec } from "./tensor-spec.js";

/** A size on one axis; null: any. */
export type Size = number | null;

interface SizesOfRank {
  0: [];
  1: [Size];
  2: [Size, Size];
  3: [Size, Size, Size];
  4: [Size, Size, Size, Size];
}

/**
 * The requirements that a shape rule may make of a node's inputs. A requirement that is not met throws an error that names
 * the node, the expected and the received value.
 */
export class ShapeCheck {
  constructor(
    private readonly op: string,
    private readonly nodeName: string,
  ) {}

  /** @throws AppError `GRAPH_INVALID` always */
  fail(expected: string, received: string): never {
    throw new AppError(
      "GRAPH_INVALID",
      `${this.op} "${this.nodeName}" expects ${expected}. Received ${received}.`,
    );
  }

  require(holds: boolean, expected: string, received: string): void {
    if (!holds) this.fail(expected, received);
  }

  /** @returns the sizes of a tensor that must have exactly this rank */
  rank<R extends keyof SizesOfRank>(role: string, tensor: Tensor, rank: R): SizesOfRank[R] {
    this.require(tensor.shape.length === rank, `${role} of rank ${rank}`, formatSpec(tensor));
    return [...tensor.shape] as SizesOfRank[R];
  }

  dtype(role: string, tensor: Tensor, ...accepted: readonly DType[]): void {
    this.require(
      accepted.includes(tensor.dtype),
      `${role} of type ${accepted.join(" or ")}`,
      formatSpec(tensor),
    );
  }

  floating(role: string, tensor: Tensor): void {
    this.dtype(role, tensor, ...FLOAT_TYPES);
  }

  /** Requires one type of both, because TensorFlow never converts types. */
  sameDType(role: string, a: Tensor, b: Tensor): void {
    this.require(a.dtype === b.dtype, `${role} of one type`, `${formatSpec(a)} and ${formatSpec(b)}`);
  }

  /** @returns the size that both have; an unknown one matches every other */
  sameSize(role: string, a: Size, b: Size): Size {
    this.require(a === null || b === null || a === b, `${role} to be equal`, `${a} and ${b}`);
    return a ?? b;
  }

  /** @returns the shape that both have, taking from either what the other leaves open */
  sameShape(role: string, a: Tensor, b: Tensor): Size[] {
    const received = `${formatSpec(a)} and ${formatSpec(b)}`;
    this.require(a.shape.length === b.shape.length, `${role} of one shape`, received);
    return a.shape.map((size, axis) => {
      const other = b.shape[axis] ?? null;
      this.require(size === null || other === null || size === other, `${role} of one shape`, received);
      return size ?? other;
    });
  }

  /** @returns the shape that both stretch to by NumPy's rule: sizes of 1 repeat, ranks align right */
  broadcast(a: Tensor, b: Tensor): Size[] {
    const rank = Math.max(a.shape.length, b.shape.length);
    return Array.from({ length: rank }, (_, axis) => {
      // An axis that a lower rank lacks counts as size 1.
      const [left = 1, right = 1] = [a, b].map(({ shape }) => {
        const own = axis - (rank - shape.length);
        return own < 0 ? 1 : (shape[own] ?? null);
      });
      if (left === 1) return right;
      if (right === 1) return left;
      const fits = left === null || right === null || left === right;
      this.require(fits, "shapes that broadcast", `${formatShape(a.shape)} and ${formatShape(b.shape)}`);
      return left ?? right;
    });
  }
}
