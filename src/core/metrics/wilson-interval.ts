/** The two ends of an interval. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** The quantile of the normal distribution that leaves 2.5 % on each side. */
const Z = 1.959963984540054;

/**
 * The 95 % interval of a fraction that was measured on independent samples: Wilson, Probable Inference, the Law of
 * Succession, and Statistical Inference (1927). Unlike the interval of the normal approximation it stays within 0 and 1
 * and has a width when the fraction is 0 or 1.
 *
 * @param fraction in [0, 1]
 * @param sampleCount 0 says nothing about the fraction: from 0 to 1
 */
export function wilsonInterval(fraction: number, sampleCount: number): Interval {
  if (sampleCount === 0) return { lower: 0, upper: 1 };
  const z2 = Z ** 2 / sampleCount;
  const center = fraction + z2 / 2;
  const half = Math.sqrt(z2 * fraction * (1 - fraction) + z2 ** 2 / 4);
  return {
    // At the ends the exact bounds are 0 and 1, which rounding may miss.
    lower: fraction === 0 ? 0 : (center - half) / (1 + z2),
    upper: fraction === 1 ? 1 : (center + half) / (1 + z2),
  };
}
