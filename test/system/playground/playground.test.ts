import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { importImages } from "../../../demo/import-images.js";
import { Terminal } from "../../../src/client/terminal.js";
import { OwnedResources } from "../../../src/lang/owned-resources.js";
import { startTestEspalier, type TestEspalier } from "../../testkit/api/espalier.js";
import { findChromium } from "../../testkit/chromium.js";
import { drawFlowerArchive } from "../../testkit/files/flower-archive.js";

const executablePath = findChromium();
const skip = executablePath === null && "Chromium is missing: install it, or set CHROMIUM_PATH to its path";
const TIMEOUT_MS = 60_000;

describe("the playground in a real browser", { skip }, () => {
  const resources = new OwnedResources();
  let espalier: TestEspalier;
  let browser: Browser;

  before(async () => {
    espalier = resources.own(await startTestEspalier());
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
    resources.defer(() => browser.close());
  });
  after(() => resources[Symbol.asyncDispose]());

  /**
   * Opens the playground in a new profile. Afterwards it checks that the page sent no request to another machine, did not
   * violate the content security policy and logged no error.
   */
  async function visit(
    fragment: string,
    act: (page: Page) => Promise<void>,
    tolerated: RegExp[] = [],
  ): Promise<void> {
    const problems: string[] = [];
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    page.on("request", (request) => {
      if (!request.url().startsWith(espalier.url)) problems.push(`request to ${request.url()}`);
    });
    page.on("requestfailed", (request) => problems.push(`failed request to ${request.url()}`));
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    try {
      await page.goto(`${espalier.url}/playground/${fragment}`);
      await act(page);
      const serious = problems.filter((problem) => !tolerated.some((pattern) => pattern.test(problem)));
      assert.deepEqual(serious, []);
    } finally {
      await context.close();
    }
  }

  const withToken = (act: (page: Page) => Promise<void>) => visit(`#token=${espalier.adminToken}`, act);

  async function runExample(page: Page, title: string): Promise<void> {
    await page.getByRole("button", { name: new RegExp(`^\\d\\d ?${title}`) }).click();
    await page.getByRole("button", { name: /^Execute query/ }).click();
  }

  /** Returns the visible lines of the response once they match. The editor renders spaces as non-breaking spaces. */
  async function response(page: Page, expected: RegExp): Promise<string> {
    const lines = page.locator(".graphiql-response .result-window .view-lines").filter({ hasText: expected });
    await lines.waitFor();
    return ((await lines.textContent()) ?? "").replaceAll("\u00a0", " ");
  }

  test("a token in the address opens the editor and is removed from the address", () =>
    withToken(async (page) => {
      await page.getByRole("region", { name: "Examples" }).waitFor();
      assert.equal(page.url(), `${espalier.url}/playground/`);
      assert.match((await page.getByRole("banner").textContent()) ?? "", /TensorFlow 2\.\d+/);
    }));

  test("without a token the page says where to find one, and it explains why a wrong one is refused", () =>
    visit(
      "",
      async (page) => {
        assert.match((await page.getByRole("main").textContent()) ?? "", /admin-token/);
        await page.getByLabel("Access token").fill("wrong");
        await page.getByRole("button", { name: "Connect" }).click();
        assert.match((await page.getByRole("alert").textContent()) ?? "", /does not accept/);

        await page.getByLabel("Access token").fill(espalier.adminToken);
        await page.getByRole("button", { name: "Connect" }).click();
        await page.getByRole("region", { name: "Examples" }).waitFor();
      },
      // The browser itself logs the status of the response.
      [/^Failed to load resource.*401/],
    ));

  test("a query and a mutation show their responses", () =>
    withToken(async (page) => {
      await runExample(page, "System");
      assert.match(await response(page, /tensorflowVersion/), /"status"/);
      await runExample(page, "Create upload");
      assert.match(await response(page, /uploadId/), /"upl_\w+"/);
    }));

  test("a subscription shows the epochs of a run as they complete", async () => {
    const archive = await drawFlowerArchive(8);
    await importImages(espalier.api, new Terminal(process.stderr), "flowers", {
      bytes: new Blob([new Uint8Array(archive)]),
      description: "",
      fileCount: null,
    });
    await withToken(async (page) => {
      await runExample(page, "Launch runs");
      await response(page, /"plain"/);
      await runExample(page, "Watch run");
      const events = page.getByRole("region", { name: "Events" }).getByRole("listitem");
      await events.filter({ hasText: /SUCCEEDED/ }).waitFor();
      const epochs = await events.filter({ hasText: "EpochCompleted" }).allTextContents();
      assert.equal(epochs.length, 8);
      assert.match(epochs[0] ?? "", /number 1 · trainLoss [\d.]+/);
    });
  });
});
