import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Command, InvalidArgumentError } from "commander";
import { EXIT, parseCommandLine } from "../../../src/client/command-line.js";

/** A program with two commands, which notes what it ran and what it wrote. */
function program() {
  const written = { out: "", errors: "" };
  const ran: string[] = [];
  const output = {
    writeOut: (text: string) => {
      written.out += text;
    },
    writeErr: (text: string) => {
      written.errors += text;
    },
  };
  const main = new Command("grow").description("Grows trees.").configureOutput(output);
  main
    .command("plant")
    .description("plant a tree")
    .argument("<species>")
    .option("--depth <n>", "depth of the hole", (text) => {
      if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
      return Number(text);
    })
    .action(async (species: string, { depth }: { depth?: number }) => {
      await Promise.resolve();
      ran.push(`plant ${species} ${depth ?? "anywhere"}`);
    });
  main.command("water").action(() => {
    throw new TypeError("there is no water");
  });
  return { main, written, ran };
}

describe("a command line", () => {
  test("runs the command that it names and leaves the exit code to it", async () => {
    const { main, written, ran } = program();
    assert.equal(await parseCommandLine(main, ["plant", "pear", "--depth", "3"]), null);
    assert.deepEqual(ran, ["plant pear 3"]);
    assert.deepEqual(written, { out: "", errors: "" });
  });

  for (const words of [["--help"], ["-h"], ["plant", "--help"], ["help", "plant"]]) {
    test(`prints help on standard output and exits with 0: ${words.join(" ")}`, async () => {
      const { main, written, ran } = program();
      assert.equal(await parseCommandLine(main, words), EXIT.success);
      assert.match(written.out, words.includes("plant") ? /Usage: grow plant .*<species>/ : /plant a tree/);
      assert.equal(written.errors, "");
      assert.deepEqual(ran, []);
    });
  }

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["a command that does not exist", ["prune"], /^grow: unknown command 'prune'[\s\S]*plant a tree/],
    ["no command", [], /Usage: grow[\s\S]*plant a tree/],
    [
      "an unknown option",
      ["plant", "pear", "--deep"],
      /^grow plant: unknown option '--deep'[\s\S]*--depth <n> +depth/,
    ],
    [
      "an invalid value",
      ["plant", "pear", "--depth", "x"],
      /^grow plant: option '--depth <n>' argument 'x' is invalid\. It must be a whole number\./,
    ],
    [
      "a missing argument",
      ["plant"],
      /^grow plant: missing required argument 'species'[\s\S]*Usage: grow plant/,
    ],
    [
      "too many arguments",
      ["plant", "pear", "fig"],
      /^grow plant: too many arguments for 'plant'\. Expected 1 argument but got 2: pear, fig\./,
    ],
  ];
  for (const [what, words, message] of wrong) {
    test(`answers ${what} on standard error and exits with 2`, async () => {
      const { main, written, ran } = program();
      assert.equal(await parseCommandLine(main, words), EXIT.usage);
      assert.match(written.errors, message);
      assert.equal(written.out, "");
      assert.deepEqual(ran, []);
    });
  }

  test("passes on the failure of the command itself", async () => {
    await assert.rejects(parseCommandLine(program().main, ["water"]), /there is no water/);
  });
});
