import { type Color, css, lighter, PETAL_COLORS, type PetalColor, varied } from "./color.js";
import { type PetalShape, petal } from "./petal.js";
import { rosePetals } from "./rose.js";
import type { SeededRandom } from "./seeded-random.js";
import { element, linearGradient, pathData, turned } from "./svg.js";
import { tulipCup } from "./tulip.js";

/** A kind of flower: the frequencies of its colors, and how its head is drawn. */
export interface FlowerKind {
  readonly colors: Readonly<Partial<Record<PetalColor, number>>>;
  /** Flowers in a side view stand upright. The others are seen from above at any angle. */
  readonly view: "above" | "side";
  /** Draws a head of radius 1 around the origin as SVG. `id` makes the names of its gradients unique. */
  readonly head: (random: SeededRandom, color: Color, id: string) => string;
}

export const FLOWER_KINDS = {
  daisy: {
    colors: { white: 5, pink: 2, yellow: 2, purple: 2, orange: 1 },
    view: "above",
    head: daisyHead,
  },
  dandelion: {
    colors: { yellow: 5, orange: 2, white: 4 },
    view: "above",
    head: dandelionHead,
  },
  rose: {
    colors: { red: 4, pink: 4, white: 2, yellow: 2, orange: 1, purple: 1 },
    view: "above",
    head: rosePetals,
  },
  sunflower: {
    colors: { yellow: 6, orange: 3, red: 1, white: 1 },
    view: "above",
    head: sunflowerHead,
  },
  tulip: {
    colors: { red: 3, yellow: 3, pink: 3, purple: 2, white: 2, orange: 2 },
    view: "side",
    head: tulipCup,
  },
} as const satisfies Record<string, FlowerKind>;

export type FlowerName = keyof typeof FLOWER_KINDS;

/** Difference in lightness between the petals of a ring, in percent. */
const PETAL_SHADES = [-6, -2, 2, 6] as const;
/** Directions of the hairs at the end of a seed's thread. */
const TUFT_DEGREES = [-72, -36, 0, 36, 72] as const;

/** Picks a color of the kind, with a small variation per flower. */
export function colorOf(random: SeededRandom, kind: FlowerKind): Color {
  const name = random.weighted(kind.colors as Record<PetalColor, number>);
  return varied(random, PETAL_COLORS[name]);
}

/** A few long petals around a small disc. */
function daisyHead(random: SeededRandom, color: Color, id: string): string {
  const count = random.integer(11, 24);
  const shape: PetalShape = {
    length: 1,
    width: random.between(0.75, 1.3) * (4.6 / count),
    tip: random.chance(0.8) ? "rounded" : "pointed",
  };
  const layers = random.chance(0.35) ? 2 : 1;
  const disc = varied(random, { hue: 44, saturation: 90, lightness: 50 });
  return (
    Array.from({ length: layers }, (_, layer) =>
      ring(random, { id: `${id}-${layer}`, count, shape, color, scale: 1 - layer * 0.2 }),
    ).join("") + discOf(random, disc, random.between(0.19, 0.29), 14)
  );
}

/** Many pointed petals around a disc of seeds that is about half of the head. */
function sunflowerHead(random: SeededRandom, color: Color, id: string): string {
  const count = random.integer(14, 26);
  const shape: PetalShape = {
    length: 1,
    width: random.between(1.1, 1.6) * (5.6 / count),
    tip: random.chance(0.8) ? "pointed" : "rounded",
  };
  const darkDisc = { hue: 28, saturation: 55, lightness: 20 };
  const youngDisc = { hue: 55, saturation: 55, lightness: 38 };
  const disc = varied(random, random.chance(0.85) ? darkDisc : youngDisc);
  return (
    ring(random, { id: `${id}-0`, count, shape, color: lighter(color, -7), scale: 1 }) +
    ring(random, { id: `${id}-1`, count, shape, color, scale: 0.9 }) +
    discOf(random, disc, random.between(0.4, 0.56), 90)
  );
}

/** Either a dense head of narrow petals without a disc, or a white ball of seeds. */
function dandelionHead(random: SeededRandom, color: Color, id: string): string {
  if (color.lightness > 80) return seedBall(random, color);
  const layers = random.integer(4, 6);
  const count = random.integer(20, 30);
  const shape: PetalShape = { length: 1, width: random.between(0.12, 0.17), tip: "notched" };
  return Array.from({ length: layers }, (_, layer) => {
    const inward = layer / layers;
    const tint = lighter(color, -10 + 16 * inward);
    return ring(random, { id: `${id}-${layer}`, count, shape, color: tint, scale: 1 - 0.85 * inward });
  }).join("");
}

function seedBall(random: SeededRandom, color: Color): string {
  const threads = Array.from({ length: random.integer(70, 120) }, () => {
    // Points on a ball, seen from the front, crowd at its rim.
    const reach = Math.sin(random.between(0.15, 1) * (Math.PI / 2)) * random.between(0.9, 1);
    const tuft = TUFT_DEGREES.flatMap((degrees) => {
      const radians = (degrees * Math.PI) / 180;
      return ["M", 0, -reach, "l", 0.15 * Math.sin(radians), -0.15 * Math.cos(radians)];
    });
    const thread = element("path", {
      d: pathData("M", 0, 0, "V", -reach, ...tuft),
      stroke: css(varied(random, color, 0.6), random.between(0.5, 0.95)),
      "stroke-width": 0.02,
    });
    return turned(random.between(0, 360), thread);
  }).join("");
  const core = css(varied(random, { hue: 70, saturation: 25, lightness: 40 }));
  return (
    element("circle", { r: 1, fill: css(color, 0.16) }) +
    threads +
    element("circle", { r: random.between(0.08, 0.14), fill: core })
  );
}

interface Ring {
  readonly id: string;
  readonly count: number;
  readonly shape: PetalShape;
  readonly color: Color;
  readonly scale: number;
}

/** A full ring of petals with small differences; sometimes one is missing. */
function ring(random: SeededRandom, { id, count, shape, color, scale }: Ring): string {
  const offset = random.between(0, 360);
  const gradients = PETAL_SHADES.map((shade, index) =>
    linearGradient(
      `${id}-${index}`,
      [0, 0],
      [0, -shape.length],
      [shade - 16, shade, shade + 6].map((percent) => css(lighter(color, percent))),
    ),
  ).join("");
  const stroke = css(lighter(color, -24), 0.7);
  const petals = Array.from({ length: count }, (_, index) => {
    if (random.chance(0.02)) return "";
    const degrees = offset + (360 / count) * (index + random.normal() * 0.14);
    const own = {
      ...shape,
      length: shape.length * scale * random.between(0.86, 1),
      width: shape.width * random.between(0.85, 1.1),
    };
    const gradient = `${id}-${random.integer(0, PETAL_SHADES.length - 1)}`;
    return turned(degrees, petal(own, `url(#${gradient})`, stroke));
  }).join("");
  return gradients + petals;
}

/** A disc whose seeds follow the golden angle, as in real flowers. */
function discOf(random: SeededRandom, color: Color, radius: number, seeds: number): string {
  const goldenAngle = Math.PI * (3 - Math.sqrt(5));
  const dots = Array.from({ length: seeds }, (_, index) => {
    const distance = radius * 0.93 * Math.sqrt((index + 0.5) / seeds);
    return element("circle", {
      cx: distance * Math.cos(index * goldenAngle),
      cy: distance * Math.sin(index * goldenAngle),
      r: (radius * 0.75) / Math.sqrt(seeds),
      fill: css(lighter(color, random.between(-12, 18) - 6 * (1 - distance / radius))),
    });
  }).join("");
  return (
    element("circle", { r: radius * 1.06, fill: css(lighter(color, -12)) }) +
    element("circle", { r: radius, fill: css(color) }) +
    dots
  );
}
