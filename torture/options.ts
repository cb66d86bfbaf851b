import { describeOptions, existingFile, type Options, optional, wholeNumber } from "../bench/options.js";

export const OPTIONS = {
  kills: wholeNumber("times that the server's process is killed while it trains", { from: 0, otherwise: 50 }),
  "postgres-restarts": wholeNumber("times that PostgreSQL is killed and started again", {
    from: 0,
    otherwise: 0,
  }),
  seed: wholeNumber("decides the moments; the same seed aims at the same ones", { from: 0, otherwise: 0 }),
  data: optional(
    existingFile(
      "<archive>",
      "zip, tar or tar.gz with one folder of pictures per class, instead of drawn flowers",
    ),
  ),
};

export type TortureOptions = Options<typeof OPTIONS>;

export const USAGE = `Usage: npm run torture -- [options] [--json]

Trains a small run on real pictures, then the same run again and again while it kills the server's process,
and compares weights, metrics and events with the run that nothing happened to. Exit code 1: they differ.

${describeOptions(OPTIONS)}      --json
          standard output ends with one line of JSON; progress goes to standard error in any case
`;
