import { type Color, css, lighter } from "./color.js";
import type { SeededRandom } from "./seeded-random.js";
import { element, pathData, radialGradient, turned } from "./svg.js";

const GOLDEN_ANGLE_DEGREES = 137.5;

/** Broad petals that overlap and wind around the center, darker towards it. */
export function rosePetals(random: SeededRandom, color: Color, id: string): string {
  const count = random.integer(13, 20);
  const offset = random.between(0, 360);
  const petals = Array.from({ length: count }, (_, index) => {
    const inward = index / count;
    const reach = 1 - 0.86 * inward;
    const tint = lighter(color, 7 - 20 * inward + random.between(-3, 3));
    const name = `${id}-${index}`;
    const gradient = radialGradient(name, [0, 0], reach, [
      css(lighter(tint, -22)),
      css(lighter(tint, -7)),
      css(lighter(tint, 8)),
    ]);
    const outline = element("path", {
      d: broadPetal(random, reach * random.between(0.9, 1), 0.75 + 0.25 * inward),
      fill: `url(#${name})`,
      stroke: css(lighter(tint, -26), 0.85),
      "stroke-width": 0.022,
    });
    return gradient + turned(offset + index * GOLDEN_ANGLE_DEGREES + random.normal() * 8, outline);
  }).join("");
  return petals + turned(offset, heart(color));
}

/** A petal whose rim is a wavy arc of about a third of a circle around the origin. */
function broadPetal(random: SeededRandom, reach: number, breadth: number): string {
  const half = breadth * random.between(0.95, 1.2);
  const x = reach * Math.sin(half);
  const y = -reach * Math.cos(half);
  const wave = random.between(1.0, 1.12);
  return pathData(
    ...["M", 0, reach * 0.12, "C", -x * 0.9, reach * 0.1, -x * 1.15, y * 0.4, -x, y],
    ...["C", -x * 0.8, -reach * wave, -x * 0.3, -reach * 1.04, 0, -reach],
    ...["C", x * 0.3, -reach * 1.04, x * 0.8, -reach * wave, x, y],
    ...["C", x * 1.15, y * 0.4, x * 0.9, reach * 0.1, 0, reach * 0.12, "Z"],
  );
}

/** The rolled petals in the middle, drawn as a spiral. */
function heart(color: Color): string {
  const turns = 2.2;
  const points = Array.from({ length: 28 }, (_, index) => {
    const part = index / 27;
    const angle = part * turns * 2 * Math.PI;
    return [0.2 * part * Math.cos(angle), 0.2 * part * Math.sin(angle)] as const;
  });
  return (
    element("circle", { r: 0.2, fill: css(lighter(color, -12)) }) +
    element("path", {
      d: pathData("M", 0, 0, ...points.flatMap(([x, y]) => ["L", x, y])),
      fill: "none",
      stroke: css(lighter(color, -32)),
      "stroke-width": 0.03,
    })
  );
}
