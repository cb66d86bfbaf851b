import { type Colour, css, lighter, PETAL_COLOURS, type PetalColour, varied } from "./colour.js";
import { type PetalShape, petal } from "./petal.js";
import { rosePetals } from "./rose.js";
import type { SeededRandom } from "./seeded-random.js";
import { element, linearGradient, pathData, turned } from "./svg.js";
import { tulipCup } from "./tulip.js";

/** One kind of flower: how often it has which colour, and how its head is drawn. */
export interface FlowerKind {
  readonly colours: Readonly<Partial<Record<PetalColour, number>>>;
  /** Side views stand upright; the others are seen from above, at any angle. */
  readonly view: "above" | "side";
  /** A head of radius 1 around the origin, as SVG. `id` keeps the names of its gradients apart. */
  readonly head: (random: SeededRandom, colour: Colour, id: string) => string;
}

export const FLOWER_KINDS = {
  daisy: {
    colours: { white: 5, pink: 2, yellow: 2, purple: 2, orange: 1 },
    view: "above",
    head: daisyHead,
  },
  dandelion: {
    colours: { yellow: 5, orange: 2, white: 4 },
    view: "above",
    head: dandelionHead,
  },
  rose: {
    colours: { red: 4, pink: 4, white: 2, yellow: 2, orange: 1, purple: 1 },
    view: "above",
    head: rosePetals,
  },
  sunflower: {
    colours: { yellow: 6, orange: 3, red: 1, white: 1 },
    view: "above",
    head: sunflowerHead,
  },
  tulip: {
    colours: { red: 3, yellow: 3, pink: 3, purple: 2, white: 2, orange: 2 },
    view: "side",
    head: tulipCup,
  },
} as const satisfies Record<string, FlowerKind>;

export type FlowerName = keyof typeof FLOWER_KINDS;

/** Percent of lightness by which the petals of one ring differ. */
const PETAL_SHADES = [-6, -2, 2, 6] as const;
/** Directions of the hairs at the end of a seed's thread. */
const TUFT_DEGREES = [-72, -36, 0, 36, 72] as const;

/** A colour that the kind has, a little different for each flower. */
export function colourOf(random: SeededRandom, kind: FlowerKind): Colour {
  const name = random.weighted(kind.colours as Record<PetalColour, number>);
  return varied(random, PETAL_COLOURS[name]);
}

/** Few, long petals around a small disc. */
function daisyHead(random: SeededRandom, colour: Colour, id: string): string {
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
      ring(random, { id: `${id}-${layer}`, count, shape, colour, scale: 1 - layer * 0.2 }),
    ).join("") + discOf(random, disc, random.between(0.19, 0.29), 14)
  );
}

/** Many pointed petals around a disc of seeds that is about half of the head. */
function sunflowerHead(random: SeededRandom, colour: Colour, id: string): string {
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
    ring(random, { id: `${id}-0`, count, shape, colour: lighter(colour, -7), scale: 1 }) +
    ring(random, { id: `${id}-1`, count, shape, colour, scale: 0.9 }) +
    discOf(random, disc, random.between(0.4, 0.56), 90)
  );
}

/** Either a dense head of straps with no disc, or the white ball of seeds that it becomes. */
function dandelionHead(random: SeededRandom, colour: Colour, id: string): string {
  if (colour.lightness > 80) return seedBall(random, colour);
  const layers = random.integer(4, 6);
  const count = random.integer(20, 30);
  const shape: PetalShape = { length: 1, width: random.between(0.12, 0.17), tip: "notched" };
  return Array.from({ length: layers }, (_, layer) => {
    const inward = layer / layers;
    const tint = lighter(colour, -10 + 16 * inward);
    return ring(random, { id: `${id}-${layer}`, count, shape, colour: tint, scale: 1 - 0.85 * inward });
  }).join("");
}

function seedBall(random: SeededRandom, colour: Colour): string {
  const threads = Array.from({ length: random.integer(70, 120) }, () => {
    // Points on a ball, seen from the front, crowd at its rim.
    const reach = Math.sin(random.between(0.15, 1) * (Math.PI / 2)) * random.between(0.9, 1);
    const tuft = TUFT_DEGREES.flatMap((degrees) => {
      const radians = (degrees * Math.PI) / 180;
      return ["M", 0, -reach, "l", 0.15 * Math.sin(radians), -0.15 * Math.cos(radians)];
    });
    const thread = element("path", {
      d: pathData("M", 0, 0, "V", -reach, ...tuft),
      stroke: css(varied(random, colour, 0.6), random.between(0.5, 0.95)),
      "stroke-width": 0.02,
    });
    return turned(random.between(0, 360), thread);
  }).join("");
  const core = css(varied(random, { hue: 70, saturation: 25, lightness: 40 }));
  return (
    element("circle", { r: 1, fill: css(colour, 0.16) }) +
    threads +
    element("circle", { r: random.between(0.08, 0.14), fill: core })
  );
}

interface Ring {
  readonly id: string;
  readonly count: number;
  readonly shape: PetalShape;
  readonly colour: Colour;
  readonly scale: number;
}

/** Petals all the way round, none quite like its neighbour; now and then one is missing. */
function ring(random: SeededRandom, { id, count, shape, colour, scale }: Ring): string {
  const offset = random.between(0, 360);
  const gradients = PETAL_SHADES.map((shade, index) =>
    linearGradient(
      `${id}-${index}`,
      [0, 0],
      [0, -shape.length],
      [shade - 16, shade, shade + 6].map((percent) => css(lighter(colour, percent))),
    ),
  ).join("");
  const stroke = css(lighter(colour, -24), 0.7);
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

/** A disc whose seeds follow the golden angle, as real ones do. */
function discOf(random: SeededRandom, colour: Colour, radius: number, seeds: number): string {
  const goldenAngle = Math.PI * (3 - Math.sqrt(5));
  const dots = Array.from({ length: seeds }, (_, index) => {
    const distance = radius * 0.93 * Math.sqrt((index + 0.5) / seeds);
    return element("circle", {
      cx: distance * Math.cos(index * goldenAngle),
      cy: distance * Math.sin(index * goldenAngle),
      r: (radius * 0.75) / Math.sqrt(seeds),
      fill: css(lighter(colour, random.between(-12, 18) - 6 * (1 - distance / radius))),
    });
  }).join("");
  return (
    element("circle", { r: radius * 1.06, fill: css(lighter(colour, -12)) }) +
    element("circle", { r: radius, fill: css(colour) }) +
    dots
  );
}
