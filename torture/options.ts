import { existingFile, flag, optional, wholeNumber } from "../src/client/options.js";

export const OPTIONS = {
  kills: wholeNumber("how often the server process is killed while it trains", { minimum: 0, otherwise: 50 }),
  postgresRestarts: wholeNumber("how often PostgreSQL is killed and started again", {
    minimum: 0,
    otherwise: 0,
  }),
  failovers: wholeNumber("how often PostgreSQL becomes read-only for a while", { minimum: 0, otherwise: 5 }),
  deadlocks: wholeNumber("how often a transaction of the server is rolled back because of a deadlock", {
    minimum: 0,
    otherwise: 5,
  }),
  importRestarts: wholeNumber("how often PostgreSQL is killed and started again during an import", {
    minimum: 0,
    otherwise: 2,
  }),
  seed: wholeNumber("determines the moments of the kills", { minimum: 0, otherwise: 0 }),
  data: optional(
    existingFile(
      "<archive>",
      "a zip, tar or tar.gz with one folder of images per class, instead of drawn flowers",
    ),
  ),
  json: flag("print the result as one line of JSON; progress goes to standard error in any case"),
} as const;
