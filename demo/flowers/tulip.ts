import { type Color, css, lighter } from "./color.js";
import type { SeededRandom } from "./seeded-random.js";
import { element, linearGradient, pathData } from "./svg.js";

/** A cup in a side view: pointed petals at the back, two at the sides, one or two in front. */
export function tulipCup(random: SeededRandom, color: Color, id: string): string {
  const width = random.between(0.5, 0.68);
  const opening = random.between(-0.18, 0.42);
  const names = { behind: `${id}-behind`, side: `${id}-side`, front: `${id}-front` };
  const gradients = [
    linearGradient(names.behind, [0, 1], [0, -1], [css(lighter(color, -30)), css(lighter(color, -12))]),
    linearGradient(names.side, [0, 1], [0, -1], [css(lighter(color, -18)), css(lighter(color, 2))]),
    linearGradient(
      names.front,
      [0, 1],
      [0, -1],
      [css(lighter(color, -10)), css(color), css(lighter(color, 10))],
    ),
  ].join("");
  const stroke = css(lighter(color, -28), 0.8);
  const behind = [-0.45, 0.05, 0.5].map((lean) =>
    cupPetal(
      lean * width * (1 + opening),
      random.between(-1, -0.82),
      width * 0.5,
      width * 0.5,
      names.behind,
      stroke,
    ),
  );
  const sides = [-1, 1].map((side) =>
    cupPetal(
      side * width * (0.95 + opening),
      random.between(-0.95, -0.72),
      side * width,
      0,
      names.side,
      stroke,
    ),
  );
  const front = random.chance(0.6)
    ? [
        cupPetal(
          random.normal() * 0.06,
          random.between(-0.85, -0.6),
          width * 0.72,
          width * 0.72,
          names.front,
          stroke,
        ),
      ]
    : [-0.38, 0.4].map((lean) =>
        cupPetal(lean * width, random.between(-0.85, -0.6), width * 0.6, width * 0.6, names.front, stroke),
      );
  return gradients + [...behind, ...sides, ...front].join("");
}

/**
 * A petal that grows from the foot of the cup, (0, 0.9), to its tip.
 *
 * @param left half-width to the left of the line from foot to tip, bulging; for a side petal the
 *   signed bulge of its outer edge, whose inner edge then follows the middle of the cup
 */
function cupPetal(
  tipX: number,
  tipY: number,
  left: number,
  right: number,
  gradient: string,
  stroke: string,
): string {
  const foot = 0.9;
  const isSide = right === 0;
  const outer = isSide ? left * 1.45 : -left * 1.35;
  const inner = isSide ? left * -0.25 : right * 1.35;
  return element("path", {
    d: pathData(
      ...["M", 0, foot, "C", outer, foot * 0.95, outer + tipX * 0.1, tipY * 0.25, tipX, tipY],
      ...["C", inner + tipX * 0.6, tipY * 0.45, inner, foot * 0.8, 0, foot, "Z"],
    ),
    fill: `url(#${gradient})`,
    stroke,
    "stroke-width": 0.02,
  });
}
