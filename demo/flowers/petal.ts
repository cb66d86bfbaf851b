import { element, pathData } from "./svg.js";

/** A petal that grows from the origin upwards, to (0, -length). */
export interface PetalShape {
  readonly length: number;
  readonly width: number;
  readonly tip: "rounded" | "pointed" | "notched";
}

/** Path data of a petal's outline. */
function petalOutline({ length, width, tip }: PetalShape): string {
  const half = width / 2;
  switch (tip) {
    case "rounded":
      return pathData(
        ...["M", 0, 0, "C", -half * 0.9, -length * 0.35, -half * 1.5, -length, 0, -length],
        ...["C", half * 1.5, -length, half * 0.9, -length * 0.35, 0, 0, "Z"],
      );
    case "pointed":
      return pathData(
        ...["M", 0, 0, "C", -half * 1.4, -length * 0.3, -half * 1.1, -length * 0.7, 0, -length],
        ...["C", half * 1.1, -length * 0.7, half * 1.4, -length * 0.3, 0, 0, "Z"],
      );
    case "notched":
      return pathData(
        ...["M", 0, 0, "L", -half, -length * 0.95, "L", -half * 0.4, -length * 0.9, "L", 0, -length],
        ...["L", half * 0.4, -length * 0.9, "L", half, -length * 0.95, "Z"],
      );
  }
}

export function petal(shape: PetalShape, fill: string, stroke: string): string {
  return element("path", { d: petalOutline(shape), fill, stroke, "stroke-width": 0.012 });
}
