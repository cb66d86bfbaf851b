import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { databaseUrlOf, type UrlSettings } from "../../../src/db/connecting/database-url.js";

type Expected = Partial<Omit<UrlSettings, "tls">>;

/** Forms of URLs, and what they mean. */
const FORMS: Record<string, Expected> = {
  "postgres://me:secret@db.example:5433/app": {
    user: "me",
    password: "secret",
    host: "db.example",
    port: 5433,
    database: "app",
    schema: "public",
    applicationName: "espalier",
  },
  "postgresql://db.example": { host: "db.example" },
  "POSTGRESQL://db.example/app": { host: "db.example", database: "app" },
  "postgres://m%40e:p%2F%3F%23%3A%40%20s@host/a%20b": { user: "m@e", password: "p/?#:@ s", database: "a b" },
  "postgres://me:secret@[2001:db8::1]:5433/app": { host: "2001:db8::1", port: 5433 },
  "postgres://me:%secret@host/app": { password: "%secret" },
  "postgres:///app": { database: "app" },
  "postgres:///app?host=/var/run/postgresql&user=me": {
    host: "/var/run/postgresql",
    database: "app",
    user: "me",
  },
  "postgres://me:secret@/app?host=/var/run/postgresql&port=5433": {
    host: "/var/run/postgresql",
    port: 5433,
    user: "me",
    password: "secret",
    database: "app",
  },
  "postgres://me@%2Fvar%2Frun%2Fpostgresql/app": { host: "/var/run/postgresql", user: "me", database: "app" },
  "socket:/var/run/postgresql?db=app": { host: "/var/run/postgresql", database: "app" },
  "socket://me:secret@/var/run/postgresql/?db=app&encoding=utf8": {
    host: "/var/run/postgresql/",
    database: "app",
    user: "me",
    password: "secret",
  },
  "/var/run/postgresql app": { host: "/var/run/postgresql", database: "app" },
  "postgres://host?dbname=app&user=me&password=secret&port=5433": {
    host: "host",
    database: "app",
    user: "me",
    password: "secret",
    port: 5433,
  },
  "postgres://host/app?schema=espalier": { schema: "espalier" },
  "postgres://host/app?options=-c%20search_path%3Despalier%2Cpublic": {
    schema: "espalier",
    options: "-c search_path=espalier,public",
  },
  "postgres://host/app?options=-c%20work_mem%3D64MB%20-c%20geqo%3Doff&schema=a": {
    schema: "a",
    options: "-c work_mem=64MB -c geqo=off",
  },
  "postgres://host/app?application_name=training&connect_timeout=3&keepalives=0&connection_limit=5": {
    applicationName: "training",
    connectTimeoutMs: 3000,
    keepAlive: false,
    connectionLimit: 5,
  },
  "postgres://host/app?pgbouncer=true&target_session_attrs=any&gssencmode=prefer&uselibpqcompat=true": {
    host: "host",
  },
  "postgres://host/app?sslnegotiation=direct&channel_binding=prefer": {
    sslNegotiation: "direct",
    channelBinding: true,
  },
};

describe("DATABASE_URL", () => {
  for (const [url, expected] of Object.entries(FORMS)) {
    test(`can be ${url}`, () => {
      const settings = databaseUrlOf(url);
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(settings[name as keyof UrlSettings], value, name);
      }
    });
  }

  /** Whether each way to connect uses TLS and checks the certificate. */
  const ways = (url: string) =>
    databaseUrlOf(url).tls.map((tls) =>
      tls === false ? "plain" : tls.rejectUnauthorized === false ? "TLS" : "verified",
    );

  for (const [parameters, expected] of [
    ["", ["TLS", "plain"]],
    ["sslmode=disable", ["plain"]],
    ["sslmode=allow", ["plain", "TLS"]],
    ["sslmode=prefer", ["TLS", "plain"]],
    ["sslmode=require", ["TLS"]],
    ["sslmode=no-verify", ["TLS"]],
    ["sslmode=require&sslrootcert=package.json", ["verified"]],
    ["sslmode=verify-ca&sslrootcert=package.json", ["verified"]],
    ["sslmode=verify-full&sslrootcert=package.json", ["verified"]],
    ["sslmode=verify-full", ["verified"]],
    ["sslrootcert=system", ["verified"]],
    ["ssl=true", ["verified"]],
    ["ssl=0", ["plain"]],
    ["sslnegotiation=direct", ["TLS"]],
  ] as const) {
    test(`with the parameters "${parameters}" connects as psql does: ${expected.join(", then ")}`, () => {
      assert.deepEqual(ways(`postgres://host/app?${parameters}`), expected);
      if (parameters.startsWith("sslmode")) {
        assert.deepEqual(
          ways(`postgres:///app?host=/tmp&${parameters}`),
          ["plain"],
          "no TLS on a Unix socket",
        );
      }
    });
  }

  for (const [url, problem] of [
    ["postgres://me:secret@one,two/app", /names several hosts, but only one is supported/],
    ["postgres://me:secret@one:1,two:2/app", /several hosts/],
    ["postgres://me:secret@/app?host=one,two", /several hosts/],
    ["postgres://me:secret@host/app?service=main", /has the parameter "service", which is not supported/],
    [
      "postgres://me:secret@host/app?target_session_attrs=read-write",
      /target_session_attrs to "read-write", but only any/,
    ],
    [
      "postgres://me:secret@host/app?sslmode=sometimes",
      /sets sslmode to "sometimes", but only disable, allow,/,
    ],
    ["postgres://me:secret@host/app?sslmode=verify-ca", /verify-ca without sslrootcert/],
    [
      "postgres://me:secret@host/app?sslmode=verify-full&sslrootcert=missing.crt",
      /file of TLS that cannot be read: ENOENT/,
    ],
    ["postgres://me:secret@host/app?gssencmode=require", /gssencmode to "require"/],
    ["postgres://me:secret@host/app?channel_binding=require", /channel_binding to "require"/],
    ["postgres://me:secret@host/app?client_encoding=LATIN1", /client_encoding to "LATIN1"/],
    [
      "postgres://me:secret@host/app?connection_limit=1",
      /connection_limit to 1, but Espalier needs 4 or more/,
    ],
    [
      "postgres://me:secret@host/app?connect_timeout=soon",
      /connect_timeout to "soon", which is not a number/,
    ],
    ["postgres://me:secret@host/app?statement_timeout=1000", /the parameter "statement_timeout"/],
    ["postgres://me:sec#secret@host/app", /cannot be read/],
    ["postgres://me:sec/secret@host/app", /cannot be read/],
    ["postgres://me:12/secret@host/app", /cannot be read/],
    ["postgres://me:12?secret@host/app", /cannot be read/],
  ] as const) {
    test(`is refused in one sentence and without its password: ${url}`, () => {
      assert.throws(
        () => databaseUrlOf(url),
        (error) => {
          assert.ok(error instanceof AppError && error.code === "DATABASE_URL_INVALID", String(error));
          assert.match(error.message, problem);
          assert.doesNotMatch(error.message, /secret|\. ./);
          assert.doesNotMatch(JSON.stringify(error.cause) ?? "", /secret/);
          return true;
        },
      );
    });
  }
});
