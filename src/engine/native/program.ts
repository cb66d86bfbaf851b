import { spawn } from "node:child_process";
import { hasSystemCode } from "../../lang/system-errors.js";

export interface ProgramResult {
  /** Null when the program does not exist or a signal ended it. */
  readonly exitCode: number | null;
  readonly missing: boolean;
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string;
}

/** Runs a program to its end, without a shell and without standard input. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly environment?: NodeJS.ProcessEnv; readonly folder?: string } = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: options.environment ?? process.env,
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => {
      resolve({ exitCode: null, missing: hasSystemCode(error, "ENOENT"), output: error.message });
    });
    child.on("close", (exitCode) => resolve({ exitCode, missing: false, output }));
  });
}

/** The last lines of a program's output, which name the cause of a failure. */
export function lastLines(output: string, count = 8): string {
  return output.trim().split("\n").slice(-count).join("\n");
}
