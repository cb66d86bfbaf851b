import type { SeededRandom } from "./seeded-random.js";

/** Hue in degrees, saturation and lightness in percent. */
export interface Color {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}

/** Colors of petals. The kinds share most of them, so that color alone does not identify a kind. */
export const PETAL_COLORS = {
  white: { hue: 50, saturation: 18, lightness: 92 },
  yellow: { hue: 50, saturation: 92, lightness: 55 },
  orange: { hue: 30, saturation: 92, lightness: 55 },
  red: { hue: 354, saturation: 78, lightness: 44 },
  pink: { hue: 338, saturation: 72, lightness: 72 },
  purple: { hue: 285, saturation: 45, lightness: 55 },
} as const satisfies Record<string, Color>;

export type PetalColor = keyof typeof PETAL_COLORS;

/** Returns a similar color. `amount` 1 is the difference between two flowers in the same bed. */
export function varied(random: SeededRandom, color: Color, amount = 1): Color {
  return {
    hue: color.hue + random.normal() * 6 * amount,
    saturation: color.saturation + random.normal() * 8 * amount,
    lightness: color.lightness + random.normal() * 5 * amount,
  };
}

export function lighter(color: Color, percent: number): Color {
  return { ...color, lightness: color.lightness + percent };
}

/** As SVG writes it. */
export function css({ hue, saturation, lightness }: Color, opacity = 1): string {
  const degrees = Math.round(((hue % 360) + 360) % 360);
  return `hsla(${degrees},${percent(saturation)}%,${percent(lightness)}%,${opacity.toFixed(2)})`;
}

function percent(value: number): number {
  return Math.round(Math.min(100, Math.max(0, value)));
}
