/** Rounds a measurement to four significant digits. Whole numbers, such as bytes and counts, stay as they are. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
