/** The server of `npm run dev`: started again whenever its code has changed. */
import path from "node:path";
import { fingerprint } from "../fingerprint.mjs";
import { Child } from "./child.mjs";

/** Folders that the running server was loaded from. */
const CODE = ["dist/src", "native", "prisma/migrations"];

export class DevServer {
  #options;
  /** @type {Child | null} */
  #child = null;
  #runningCode = "";
  #queue = Promise.resolve();

  /**
   * @param {object} options
   * @param {string} options.root the checkout
   * @param {string} options.node the Node to run with
   * @param {(line: string) => void} options.say prints a line for the developer
   */
  constructor(options) {
    this.#options = options;
  }

  /** Starts the server, or starts it again unless it runs the current code. */
  update() {
    this.#queue = this.#queue.then(async () => {
      const code = fingerprint(this.#options.root, CODE);
      if (code === this.#runningCode) return;
      await this.#stopChild();
      this.#runningCode = code;
      this.#child = this.#start();
    });
    return this.#queue;
  }

  stop() {
    this.#queue = this.#queue.then(() => this.#stopChild());
    return this.#queue;
  }

  async #stopChild() {
    const child = this.#child;
    this.#child = null;
    await child?.stop();
  }

  #start() {
    const { root, node, say } = this.#options;
    const startedMs = performance.now();
    const words = ["--enable-source-maps", path.join(root, "dist/src/cli/main.js"), "serve", "--json-ready"];
    // The server stops by itself when this process dies and the pipe to it closes.
    const child = new Child(node, words, {
      stdio: ["pipe", "pipe", "inherit"],
      onLine(line) {
        const { url, adminTokenFile } = JSON.parse(line);
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
        say(`listening after ${seconds} s: ${url}/playground/  (admin token in ${adminTokenFile})`);
      },
    });
    void child.ended.then((how) => {
      if (this.#child === child) say(`the server ended with ${how}; it starts again after the next change`);
    });
    return child;
  }
}
