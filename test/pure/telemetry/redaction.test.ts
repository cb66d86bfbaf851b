import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog, type Log } from "../../../src/telemetry/log.js";
import { redact } from "../../../src/telemetry/redaction.js";

const TOKEN = `esp_${"tH-3_x9".repeat(7).slice(0, 43)}`;
const PASSWORD = "pa:ss@w0rd";
const DATABASE_URL = `postgresql://espalier:${PASSWORD}@db.example:5432/espalier`;
const SECRETS = [TOKEN, TOKEN.slice(4), PASSWORD, "w0rd", "dXNlcjpwYXNz", "sesame"];

const PLACES: readonly (readonly [string, (log: Log) => void])[] = [
  ["a field of that name", (log) => log.info("m", { token: TOKEN, password: PASSWORD, secret: "sesame" })],
  ["a header", (log) => log.info("m", { headers: { authorization: `Bearer ${TOKEN}`, cookie: "sesame" } })],
  [
    "a header among raw headers",
    (log) => log.info("m", { rawHeaders: ["Authorization", "Basic dXNlcjpwYXNz", "Host", "localhost"] }),
  ],
  [
    "a value that is not text",
    (log) => log.info("m", { error: { token: ["sesame"], secret: { is: "sesame" } } }),
  ],
  ["a deep field", (log) => log.info("m", { a: { b: { c: { d: { e: { f: { password: PASSWORD } } } } } } })],
  ["a header in lower case", (log) => log.info(`authorization: bearer ${TOKEN.replace("esp_", "jwt.")}`)],
  ["the message", (log) => log.info(`refused Bearer ${TOKEN} and ${TOKEN}`)],
  ["a URL", (log) => log.info("m", { address: DATABASE_URL })],
  ["a URL with a password alone", (log) => log.info(`connecting to redis://:${PASSWORD}@cache:6379`)],
  [
    "a connection string",
    (log) => log.info("m", { dsn: `host=db user=espalier password=${PASSWORD} port=5432` }),
  ],
  ["a query of a URL", (log) => log.info(`GET /uploads/1?token=${TOKEN}&part=2`)],
  ["JSON within a text", (log) => log.info("m", { body: JSON.stringify({ input: { secret: "sesame" } }) })],
  [
    "JSON within JSON within a text",
    (log) => log.info("m", { body: JSON.stringify({ inner: JSON.stringify({ token: "sesame", a: 1 }) }) }),
  ],
  ["an error's message", (log) => log.error("m", { error: new Error(`cannot connect to ${DATABASE_URL}`) })],
  [
    "the cause of an error",
    (log) => log.error("m", { error: new Error("no", { cause: new Error(`cannot reach ${DATABASE_URL}`) }) }),
  ],
  [
    "a property of an error",
    (log) =>
      log.error("m", {
        error: Object.assign(new Error("no"), { request: { headers: { Authorization: `Bearer ${TOKEN}` } } }),
      }),
  ],
  ["a child's fields", (log) => log.child({ databaseUrl: DATABASE_URL, token: TOKEN }).info("m")],
];

describe("a secret is withheld", () => {
  for (const isTTY of [false, true]) {
    for (const [place, write] of PLACES) {
      test(`from ${place}, ${isTTY ? "on a terminal" : "as JSON"}`, () => {
        const lines: string[] = [];
        write(
          createLog("debug", { isTTY, hasColors: () => false, write: (text: string) => lines.push(text) }),
        );
        const written = lines.join("");
        for (const secret of SECRETS) assert.ok(!written.includes(secret), `${secret} is in ${written}`);
        assert.match(written, /\[withheld\]/);
        if (!isTTY) assert.doesNotThrow(() => JSON.parse(written), written);
      });
    }
  }
});

describe("values that are not secret stay", () => {
  const TEXTS = [
    '{"level":"info","message":"imported a dataset version","tokens":4000,"tokenCount":3}\n',
    '{"message":"the access token tok_1 of espalier was revoked"}',
    "http://127.0.0.1:4000/playground/ and postgresql://db.example:5432/espalier",
    "https://user@example.org/a:b@c",
    '{"message":"basic training, bearer of news"}',
    '{"message":"a password is missing","password":""}',
  ];
  for (const text of TEXTS) {
    test(text.trim(), () => {
      assert.equal(redact(text), text);
    });
  }

  test("the host, the user and the database of a URL", () => {
    assert.equal(redact(DATABASE_URL), "postgresql://espalier:[withheld]@db.example:5432/espalier");
  });
});
