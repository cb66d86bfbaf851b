/** To four digits: what a measurement is worth; bytes and counts stay whole. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}
