/** The values of a query that is put together in parts, in the order of their placeholders. */
export class SqlParameters {
  readonly #values: unknown[] = [];

  get values(): readonly unknown[] {
    return this.#values;
  }

  /** @returns the placeholder that stands for the value */
  add(value: unknown): string {
    this.#values.push(value);
    return `$${this.#values.length}`;
  }
}
