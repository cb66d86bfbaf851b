/** The smallest of `values` that at least `fraction` of them do not exceed, to a tenth; NaN of nothing. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? Number.NaN;
  return Math.round(value * 10) / 10;
}
