/** Letters, digits, dot, underscore and hyphen: characters without a meaning in references and paths. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/i;

/** Whether a dataset, an experiment, a model or an alias may have this name. */
export function isName(text: string): boolean {
  return NAME.test(text);
}
