/** Of the standard normal distribution: 95 % lies within. */
const Z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Where a fraction lies with 95 % confidence, given how many of `trials` succeeded. Wilson, "Probable
 * inference, the law of succession, and statistical inference", 1927.
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  const fraction = successes / trials;
  const shrink = 1 + Z ** 2 / trials;
  const centre = (fraction + Z ** 2 / (2 * trials)) / shrink;
  const reach = (Z * Math.sqrt((fraction * (1 - fraction)) / trials + Z ** 2 / (4 * trials ** 2))) / shrink;
  return { low: centre - reach, high: centre + reach };
}
