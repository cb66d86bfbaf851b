import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { isAlive } from "../../../src/lang/is-alive.js";
import { projectRoot } from "../../../src/lang/project-root.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

const root = projectRoot();

describe("npm run test:watch", () => {
  const SUM_TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { sum } from "../../src/sum.js";
test("adds", () => assert.equal(sum(2, 2), 4));\n`;

  // The compiler itself does not see changes in a folder that lies as high as a temporary one.
  for (const place of ["", "some/folders/deeper"]) {
    test(`runs the matching tests again after every change that compiles, in ./${place}`, async () => {
      await using checkout = await watchedCheckout(
        {
          "src/sum.ts": "export const sum = (a: number, b: number): number => a - b;\n",
          "test/pure/sum.test.ts": SUM_TEST,
          "test/pure/other.test.ts": 'import { test } from "node:test";\ntest("is not run", () => {});\n',
        },
        place,
      );
      await using watching = await checkout.start("tests.mjs", "/sum");
      const failed = await watching.until(/failed after/);
      assert.match(failed, /✖ adds/);
      assert.doesNotMatch(failed, /is not run/);

      await checkout.write("src/sum.ts", "export const sum = (a: number, b: number): number => a + b;\n");
      assert.match(await watching.until(/passed after/), /✔ adds/);

      await checkout.write("src/sum.ts", "export const sum = (a: number, b: string): number => a + b;\n");
      assert.match(await watching.until(/the tests do not run[\s\S]*\n/), /sum\.ts\(1,\d+\): error TS2322/);

      await checkout.write("src/sum.ts", "export const sum = (a: number, b: number): number => b + a;\n");
      await watching.until(/passed after/);
      await checkout.write("test/pure/new/sum.test.ts", SUM_TEST.replaceAll("../../", "../../../"));
      await watching.until(/tests 2\n[\s\S]*passed after/);

      assert.equal(await watching.stop(), 0);
    });
  }
});

describe("npm run dev", () => {
  const SERVER = `process.stderr.write(\`server \${process.pid} says one\\n\`);
process.stdout.write(JSON.stringify({ url: "http://here", adminTokenFile: "/token" }) + "\\n");
process.stdin.resume().once("end", () => process.exit(0));
process.once("SIGTERM", () => process.exit(0));\n`;

  test("starts the server again when its code has changed, and leaves it running when it does not compile", async () => {
    await using checkout = await watchedCheckout({
      "src/cli/main.ts": SERVER,
      "test/pure/a.test.ts": "export {};\n",
    });
    await using watching = await checkout.start("dev.mjs");
    const first = pidOf(await watching.until(/listening after .*http:\/\/here\/playground\//));

    await checkout.write("src/cli/main.ts", SERVER.replace("says one", "says two"));
    const said = await watching.until(/listening after/);
    assert.match(said, /says two/);
    const second = pidOf(said);
    assert.notEqual(second, first);
    assert.ok(!isAlive(first));

    await checkout.write("src/cli/main.ts", `${SERVER}const wrong: number = "text";\n`);
    assert.match(await watching.until(/TS2322/), /errors?; the server is left as it is/);
    assert.ok(isAlive(second));

    await checkout.write("test/pure/a.test.ts", "export const a = 1;\n");
    await checkout.write("src/cli/main.ts", SERVER.replace("says one", "says three"));
    assert.match(await watching.until(/listening after/), /says three/);
    assert.ok(!isAlive(second));

    assert.equal(await watching.stop(), 0);
    assert.ok(!isAlive(pidOf(watching.output)));
  });

  test("says so when the server ends by itself, and starts it again after the next change", async () => {
    await using checkout = await watchedCheckout({ "src/cli/main.ts": "process.exit(3);\n" });
    await using watching = await checkout.start("dev.mjs");
    await watching.until(/the server ended with exit code 3; it starts again after the next change/);
    await checkout.write("src/cli/main.ts", SERVER);
    await watching.until(/listening after/);
    assert.equal(await watching.stop(), 0);
  });
});

function pidOf(output: string): number {
  return Number([...output.matchAll(/server (\d+) says/g)].at(-1)?.[1]);
}

/**
 * A small checkout whose generated sources are up to date, so that watching it only compiles.
 *
 * @param place the folder of the checkout, below a temporary folder
 */
async function watchedCheckout(files: Readonly<Record<string, string>>, place = "") {
  const temporary = await temporaryFolder();
  const folder = path.join(temporary.folder, place);
  await mkdir(folder, { recursive: true });
  const write = async (name: string, text: string): Promise<void> => {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    // In one step, so that the compiler never sees half a file.
    await writeFile(path.join(folder, "unsaved"), text);
    await rename(path.join(folder, "unsaved"), file);
  };
  const scenery = {
    "package.json": '{ "type": "module" }\n',
    "package-lock.json": "{}\n",
    "node_modules/.espalier-lock.json": "{}\n",
    "schema.graphql": "type Query { a: Int }\n",
    "codegen.mjs": "",
    "prisma/schema.prisma": "",
    "src/db/generated/client.ts": "export {};\n",
    "src/db/generated/kysely/tables.ts": "export {};\n",
    "src/client/generated/gql.ts": "export {};\n",
  };
  for (const [name, text] of Object.entries({ ...scenery, ...files })) await write(name, text);
  for (const name of ["src/web", "examples", "native", "prisma/migrations", "bench", "demo", "torture"]) {
    await mkdir(path.join(folder, name), { recursive: true });
  }
  await cp(path.join(root, "tsconfig.json"), path.join(folder, "tsconfig.json"));
  for (const name of ["typescript", "@typescript", "@types"]) {
    await symlink(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  }
  await write("node_modules/.espalier-stamps.json", JSON.stringify(await currentStamps(folder)));

  return {
    write,
    async start(script: string, ...args: readonly string[]) {
      const file = path.join(root, "launcher/watch", script);
      // Inside a test, Node's test runner would run no files.
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const child = spawn(process.execPath, [file, folder, ...args], {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      return new Watching(child);
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

/** The stamps of the steps that generate sources, as the launcher records them after they ran. */
async function currentStamps(folder: string): Promise<Readonly<Record<string, string>>> {
  const { fingerprint } = await launcherModule<{
    fingerprint: (root: string, entries: readonly string[]) => string;
  }>("fingerprint.mjs");
  const { clientDocumentsStamp } = await launcherModule<{ clientDocumentsStamp: (root: string) => string }>(
    "client-documents.mjs",
  );
  return {
    prisma: fingerprint(folder, ["prisma/schema.prisma", "prisma.config.ts"]),
    client: clientDocumentsStamp(folder),
  };
}

async function launcherModule<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(path.join(root, "launcher", name)).href)) as T;
}

/** A watching command and what it has printed. */
class Watching implements AsyncDisposable {
  output = "";
  #seen = 0;
  #wake: () => void = () => {};

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#wake();
      });
    }
    child.once("close", () => this.#wake());
  }

  /** Resolves with what it has printed since the last call, up to the text that is expected. */
  async until(expected: RegExp): Promise<string> {
    for (;;) {
      const printed = this.output.slice(this.#seen);
      const found = expected.exec(printed);
      if (found !== null) {
        const end = found.index + found[0].length;
        this.#seen += end;
        return printed.slice(0, end);
      }
      assert.equal(this.child.exitCode, null, this.output);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Stops it as Ctrl-C does. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null) {
      this.child.kill("SIGINT");
      await once(this.child, "close");
    }
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
