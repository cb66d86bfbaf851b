/** Letters, digits, dot, underscore and hyphen: nothing that a reference or a path gives a meaning. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

/** Whether people may call a dataset, an experiment, a model or an alias so. */
export function isName(text: string): boolean {
  return NAME.test(text);
}
