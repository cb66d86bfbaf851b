import type { SeededRandom } from "./seeded-random.js";

/** Hue in degrees, saturation and lightness in percent. */
export interface Colour {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}

/** Colours of petals. Every kind shares most of them with others, so that colour alone does not tell. */
export const PETAL_COLOURS = {
  white: { hue: 50, saturation: 18, lightness: 92 },
  yellow: { hue: 50, saturation: 92, lightness: 55 },
  orange: { hue: 30, saturation: 92, lightness: 55 },
  red: { hue: 354, saturation: 78, lightness: 44 },
  pink: { hue: 338, saturation: 72, lightness: 72 },
  purple: { hue: 285, saturation: 45, lightness: 55 },
} as const satisfies Record<string, Colour>;

export type PetalColour = keyof typeof PETAL_COLOURS;

/** A neighbouring colour; `amount` 1 is the difference between two flowers of one bed. */
export function varied(random: SeededRandom, colour: Colour, amount = 1): Colour {
  return {
    hue: colour.hue + random.normal() * 6 * amount,
    saturation: colour.saturation + random.normal() * 8 * amount,
    lightness: colour.lightness + random.normal() * 5 * amount,
  };
}

export function lighter(colour: Colour, percent: number): Colour {
  return { ...colour, lightness: colour.lightness + percent };
}

/** As SVG writes it. */
export function css({ hue, saturation, lightness }: Colour, opacity = 1): string {
  const degrees = Math.round(((hue % 360) + 360) % 360);
  return `hsla(${degrees},${percent(saturation)}%,${percent(lightness)}%,${opacity.toFixed(2)})`;
}

function percent(value: number): number {
  return Math.round(Math.min(100, Math.max(0, value)));
}
