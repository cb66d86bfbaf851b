import { randomInt } from "node:crypto";
import { AppError } from "../../core/app-error.js";

const QUALITIES = (
  "amber bold brisk calm clear crisp deft early fair fleet fresh gentle golden keen late light lively mellow mild " +
  "neat patient plain quick quiet ripe silver soft steady still sunny swift tall vivid warm wild young"
).split(" ");

/** Plants that are grown along an espalier, or beside one. */
const PLANTS = (
  "almond apple apricot ash aster beech birch cedar cherry clover elder elm fern fig hazel holly iris ivy juniper " +
  "larch laurel lilac linden maple medlar mulberry oak olive peach pear plum poplar quince rowan thyme willow"
).split(" ");

const MAX_LENGTH = 100;

/** A name that is easy to say and to find again, such as "brisk-maple-7"; not necessarily unique. */
export function makeUpRunName(random: (below: number) => number = (below) => randomInt(below)): string {
  const [quality, plant] = [QUALITIES, PLANTS].map((words) => words[random(words.length)]);
  return `${quality}-${plant}-${random(99) + 1}`;
}

/** @throws AppError `NAME_INVALID` */
export function checkRunName(name: string): void {
  if (name.trim() !== "" && name.length <= MAX_LENGTH && !/\p{Cc}/u.test(name)) return;
  throw new AppError(
    "NAME_INVALID",
    `A run's name has 1 to ${MAX_LENGTH} characters on one line. Received ${JSON.stringify(name.slice(0, 200))}. ` +
      "Leave it out to have one made up.",
    { path: ["name"] },
  );
}
