import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./temporary-folder.js";

const run = promisify(execFile);

/** A separate disk of the given size, mounted at `folder`. */
export async function mountSmallDisk(folder: string, bytes: number): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  return { [Symbol.asyncDispose]: async () => void (await run("umount", ["--lazy", folder])) };
}

/** The reason to skip a test that needs a small disk; false where there can be one. */
export async function whyNoDisks(): Promise<string | false> {
  await using folder = await temporaryFolder();
  try {
    await using _disk = await mountSmallDisk(path.join(folder.folder, "probe"), 1024 ** 2);
    return false;
  } catch {
    return "mounting a small disk takes rights that this user does not have";
  }
}
