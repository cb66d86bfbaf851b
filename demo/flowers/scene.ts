import { type Color, css, lighter, PETAL_COLORS, type PetalColor, varied } from "./color.js";
import { colorOf, type FlowerKind } from "./flower-kinds.js";
import { petal } from "./petal.js";
import type { SeededRandom } from "./seeded-random.js";
import { element, group, image, linearGradient, pathData, turned } from "./svg.js";

/** The layers of an image. The background can be blurred separately. */
export interface Scene {
  readonly background: string;
  readonly foreground: string;
}

interface Backdrop {
  readonly top: Color;
  readonly bottom: Color;
}

const BACKDROPS = {
  sky: {
    top: { hue: 208, saturation: 60, lightness: 62 },
    bottom: { hue: 100, saturation: 35, lightness: 45 },
  },
  grass: {
    top: { hue: 96, saturation: 38, lightness: 46 },
    bottom: { hue: 112, saturation: 42, lightness: 26 },
  },
  hedge: {
    top: { hue: 130, saturation: 30, lightness: 20 },
    bottom: { hue: 118, saturation: 32, lightness: 32 },
  },
  soil: {
    top: { hue: 30, saturation: 25, lightness: 36 },
    bottom: { hue: 25, saturation: 30, lightness: 22 },
  },
  dusk: {
    top: { hue: 18, saturation: 45, lightness: 66 },
    bottom: { hue: 80, saturation: 22, lightness: 30 },
  },
  wall: {
    top: { hue: 40, saturation: 10, lightness: 74 },
    bottom: { hue: 40, saturation: 12, lightness: 58 },
  },
} as const satisfies Record<string, Backdrop>;

const LEAF: Color = { hue: 108, saturation: 40, lightness: 34 };

/** Draws a flower in front of a garden, sometimes with others of its kind behind it. */
export function drawScene(random: SeededRandom, kind: FlowerKind, sizePixels: number): Scene {
  return {
    background: image(sizePixels, sizePixels, backdrop(random, sizePixels)),
    foreground: image(sizePixels, sizePixels, flowers(random, kind, sizePixels)),
  };
}

function backdrop(random: SeededRandom, size: number): string {
  const name = random.weighted({ sky: 3, grass: 4, hedge: 3, soil: 1, dusk: 1, wall: 1 });
  const { top, bottom } = BACKDROPS[name];
  const slant = random.between(-0.3, 0.3) * size;
  const gradient = linearGradient(
    "ground",
    [size / 2 - slant, 0],
    [size / 2 + slant, size],
    [css(varied(random, top)), css(varied(random, bottom))],
  );
  const blades = Array.from({ length: random.integer(3, 16) }, () =>
    blade(random, size, 0.7, random.between(0.5, 1)),
  ).join("");
  // Distant flowers: spots of any color, so that a colored spot does not reveal the kind.
  const spots = Array.from({ length: random.integer(0, 4) }, () => {
    const names = Object.keys(PETAL_COLORS) as PetalColor[];
    const color = PETAL_COLORS[names[random.integer(0, names.length - 1)] ?? "white"];
    return element("ellipse", {
      cx: random.between(0, size),
      cy: random.between(0, size),
      rx: random.between(0.03, 0.11) * size,
      ry: random.between(0.03, 0.11) * size,
      fill: css(varied(random, color), random.between(0.35, 0.9)),
    });
  }).join("");
  return gradient + element("rect", { width: size, height: size, fill: "url(#ground)" }) + blades + spots;
}

/** A leaf or a blade of grass at a random place. */
function blade(random: SeededRandom, size: number, longest: number, opacity: number): string {
  const color = varied(random, lighter(LEAF, random.between(-12, 16)), 1.5);
  const shape = petal(
    { length: random.between(0.2, longest), width: random.between(0.03, 0.2), tip: "pointed" },
    css(color, opacity),
    "none",
  );
  const x = random.between(0, size);
  const y = random.between(0.2, 1.2) * size;
  return group(
    `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size}) rotate(${random.between(-70, 70).toFixed(0)})`,
    shape,
  );
}

function flowers(random: SeededRandom, kind: FlowerKind, size: number): string {
  const color = colorOf(random, kind);
  const others = random.chance(0.6) ? 0 : random.integer(1, 2);
  const behind = Array.from({ length: others }, (_, index) =>
    flower(random, kind, varied(random, color), `other${index}`, {
      x: random.between(0.1, 0.9) * size,
      y: random.between(0.15, 0.85) * size,
      radius: random.between(0.12, 0.18) * size,
      size,
    }),
  ).join("");
  const radius = random.between(0.3, 0.46) * size;
  const margin = radius * 0.9;
  const main = flower(random, kind, color, "main", {
    x: random.between(margin, size - margin),
    y: random.between(margin, size - margin),
    radius,
    size,
  });
  const inFront = Array.from({ length: random.chance(0.6) ? 0 : random.integer(1, 2) }, () =>
    blade(random, size, 0.4, 1),
  ).join("");
  return behind + main + inFront;
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Height and width of the image. */
  readonly size: number;
}

/** Stem, leaves and head. */
function flower(random: SeededRandom, kind: FlowerKind, color: Color, id: string, place: Place): string {
  const { x, y, radius } = place;
  const lean = random.normal() * 14;
  // A round head that is seen at an angle is an ellipse.
  const slant = kind.view === "above" ? random.between(0.72, 1) : random.between(0.88, 1.12);
  const spin = kind.view === "above" ? random.between(0, 360) : random.normal() * 4;
  const head = group(
    `translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${lean.toFixed(1)}) scale(${radius.toFixed(2)} ${(radius * slant).toFixed(2)})`,
    turned(spin, kind.head(random, color, id)),
  );
  return stem(random, place, lean) + head;
}

function stem(random: SeededRandom, { x, y, radius, size }: Place, leanDegrees: number): string {
  if (random.chance(0.2)) return "";
  const green = varied(random, LEAF);
  const foot = x - Math.tan((leanDegrees * Math.PI) / 180) * (size * 1.1 - y) * 0.5;
  const line = element("path", {
    d: pathData("M", x, y, "Q", x, (y + size * 1.1) / 2, foot, size * 1.1),
    fill: "none",
    stroke: css(green),
    "stroke-width": radius * random.between(0.08, 0.16),
  });
  const leaves = Array.from({ length: random.integer(0, 3) }, () => {
    const leaf = petal(
      { length: radius * random.between(0.9, 2), width: radius * random.between(0.25, 0.6), tip: "pointed" },
      css(varied(random, green)),
      css(lighter(green, -12), 0.6),
    );
    const along = random.between(0.35, 1);
    const at = `translate(${(x + (foot - x) * along).toFixed(1)} ${(y + (size * 1.1 - y) * along).toFixed(1)})`;
    return group(at, turned(random.between(-75, 75), leaf));
  }).join("");
  return line + leaves;
}
