import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { databaseUrlOf, type UrlSettings } from "../../../src/db/connecting/database-url.js";
import { temporaryFolder } from "../../testkit/temporary-folder.js";

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
  "postgres://host/app?options=-c%20search_path%3DApp": { schema: "app" },
  "postgres://host/app?options=-c%20search_path%3D%22App%22": { schema: "App" },
  "postgres://host/app?options=-c%20search_path%3D%22a%22%22b%22%2Cc": { schema: 'a"b' },
  "postgres://host/app?options=-csearch_path%3DÄpfel": { schema: "Äpfel" },
  "postgres://host/app?options=--search-path%3Dapp": { schema: "app" },
  "postgres://host/app?options=--SEARCH_path%3Dapp": { schema: "app" },
  "postgres://host/app?options=-c%20search_path%3Done%20-c%20search-path%3Dtwo": { schema: "two" },
  "postgres://host/app?options=-c%20search_path%3D%5C%22One%5C%20Two%5C%22": { schema: "One Two" },
  "postgres://host/app?options=-c%20my.search_path%3Dapp": { schema: "public" },
  "postgres://host/app?schema=App": { schema: "App" },
  "postgres://host/app?port=65535": { port: 65_535 },
  "postgres://[::1]/app": { host: "::1" },
  "postgres://host/app?host=fe80%3A%3A1%25eth0": { host: "fe80::1%eth0" },
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

  test("trusts psql's own file of certificates with verify-ca, as with verify-full", async () => {
    await using temporary = await temporaryFolder();
    const { HOME } = process.env;
    process.env.HOME = temporary.folder;
    try {
      const url = "postgres://host/app?sslmode=verify-ca";
      assert.throws(() => databaseUrlOf(url), /there is no ~\/\.postgresql\/root\.crt\.$/);
      await mkdir(path.join(temporary.folder, ".postgresql"));
      await writeFile(path.join(temporary.folder, ".postgresql/root.crt"), "certificates");
      const [tls] = databaseUrlOf(url).tls;
      assert.ok(tls !== false && String(tls.ca) === "certificates");
    } finally {
      process.env.HOME = HOME;
    }
  });

  test("names the database of the account where it names neither a user nor a database", () => {
    const { user, name } = databaseUrlOf("/var/run/postgresql");
    assert.notEqual(user, "");
    assert.match(name, new RegExp(`database ${process.env.PGDATABASE ?? user},$`));
  });

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
    ["postgres://me:secret@host/app?schema=pg_temp", /schema "pg_temp", which PostgreSQL keeps for itself/],
    ["postgres://me:secret@host/app?schema=information_schema", /keeps for itself/],
    [`postgres://me:secret@host/app?schema=${"ä".repeat(32)}`, /longer than 63 bytes/],
    ['postgres://me:secret@host/app?options=-c%20search_path%3D"$user",public', /with "\$user"/],
    ["postgres://me:secret@host/app?options=-c%20search_path%3D$user", /with "\$user"/],
    ["postgres://me:secret@host:99999/app", /has a port that is not a number from 1 to 65535\.$/],
    ["postgres://me:secret@host:0/app", /has a port that/],
    ["postgres://me:secret@host:abc/app", /has a port that/],
    ["postgres://me:secret@[::1]:abc/app", /has a port that/],
    ["postgres://me:secret@host/app?port=99999", /has a port that/],
    ["postgres://me:secret@host/app?port=abc", /has a port that/],
    ["postgres://me:secret", /has a port that .*, and a user and a password end with @/],
    ["postgres://me:secret@[fe80::1%25eth0]/app", /has a host that cannot be read.*\?host=fe80::1%25eth0/],
    ["postgres://me:secret@[::g]/app", /has a host that cannot be read/],
    ["host=db.example password=secret", /is not a URL such as/],
    ["postgres:host=db.example password=secret", /is not a URL such as/],
    ["/var/run/postgresql password=secret", /has settings after the folder of a socket/],
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
