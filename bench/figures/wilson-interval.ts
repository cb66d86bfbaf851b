/** The standard normal distribution has 95 % of its mass within this distance of 0. */
const Z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Returns the 95 % confidence interval of a fraction of successes. Wilson, "Probable inference, the law of succession, and
 * statistical inference", 1927.
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  const fraction = successes / trials;
  const shrink = 1 + Z ** 2 / trials;
  const center = (fraction + Z ** 2 / (2 * trials)) / shrink;
  const reach = (Z * Math.sqrt((fraction * (1 - fraction)) / trials + Z ** 2 / (4 * trials ** 2))) / shrink;
  return { low: center - reach, high: center + reach };
}
