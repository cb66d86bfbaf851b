import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { Terminal, table } from "../../../src/client/terminal.js";

/** A stream that keeps its text, as a pipe or as a terminal. */
function recordingStream(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY, columns: 40 }) as unknown as NodeJS.WriteStream,
    text: () => text,
  };
}

test("steps are numbered and aligned", () => {
  const { stream, text } = recordingStream(false);
  const terminal = new Terminal(stream);
  terminal.step("Import", "flowers:1");
  terminal.step("Train", "two runs");
  terminal.detail("plain");
  assert.equal(text(), " 1  Import      flowers:1\n 2  Train       two runs\n                plain\n");
});

test("without a terminal there are neither updated lines nor colors", () => {
  const { stream, text } = recordingStream(false);
  const terminal = new Terminal(stream);
  terminal.live("half way");
  terminal.line(terminal.good("done"));
  assert.equal(text(), "done\n");
});

test("on a terminal the updated line is cut at the edge and replaced by the next whole line", () => {
  const { stream, text } = recordingStream(true);
  const terminal = new Terminal(stream);
  terminal.live("x".repeat(100));
  terminal.line("done");
  assert.equal(text(), `\r\x1b[2K${" ".repeat(16)}${"x".repeat(23)}\r\x1b[2Kdone\n`);
});

test("the columns of a table are aligned regardless of colors", () => {
  assert.deepEqual(
    table(
      [
        ["", "plain", "normalized"],
        ["loss", "0.25", "\x1b[32m0.125\x1b[39m"],
      ],
      ["left", "right", "right"],
    ),
    ["      plain  normalized", "loss   0.25       \x1b[32m0.125\x1b[39m"],
  );
});
