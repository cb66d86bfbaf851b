import assert from "node:assert/strict";
import path from "node:path";
import { describe, test } from "node:test";
import { AppError } from "../../../src/core/app-error.js";
import { parseConfig } from "../../../src/core/config.js";
import { misspelledVariables } from "../../../src/core/environment/misspelled.js";

describe("the configuration", () => {
  test("has a default for everything that the environment does not set", () => {
    const config = parseConfig({ HOME: "/home/someone", XDG_CACHE_HOME: "/var/cache" }, "/srv/espalier");
    assert.equal(config.homeFolder, path.resolve("/srv/espalier/.espalier"));
    assert.equal(config.cacheFolder, path.resolve("/var/cache/espalier"));
    assert.equal(config.databaseUrl, null);
    assert.equal(config.port, 4000);
    assert.equal(config.limits.uploadBytes, 20 * 1024 ** 3);
    assert.deepEqual(config.worker, { serverTrains: true, device: null, leaseSeconds: 15, crash: null });
  });

  test("takes an empty variable as unset and ignores spaces around a value", () => {
    const config = parseConfig({ ESPALIER_PORT: " ", ESPALIER_HOST: " 0.0.0.0 " }, "/");
    assert.equal(config.port, 4000);
    assert.equal(config.host, "0.0.0.0");
  });

  test("resolves relative folders below the given folder", () => {
    const roots = ["photos", "/data/images"].join(path.delimiter);
    const config = parseConfig({ ESPALIER_HOME: "state", ESPALIER_IMPORT_ROOTS: roots }, "/srv");
    assert.equal(config.homeFolder, path.resolve("/srv/state"));
    assert.deepEqual(config.importRoots, [path.resolve("/srv/photos"), path.resolve("/data/images")]);
  });

  test("knows which process crashed before this one", () => {
    const { crash } = parseConfig({ ESPALIER_CRASH: "SIGSEGV 4711" }, "/").worker;
    assert.deepEqual(crash, { signal: "SIGSEGV", pid: 4711 });
  });

  test("takes the URL of a database as it is", () => {
    for (const url of ["postgresql://a:b@host:5433/espalier", "postgres:///espalier?host=/run/postgresql"]) {
      assert.equal(parseConfig({ DATABASE_URL: url }, "/").databaseUrl, url);
    }
  });

  const invalid: readonly (readonly [string, string, string])[] = [
    // The value may hold a password, so it is not repeated.
    [
      "DATABASE_URL",
      "postgres//espalier:secret@localhost/espalier",
      "DATABASE_URL must be the URL of a PostgreSQL database, such as postgresql://user:password@host/database.",
    ],
    [
      "DATABASE_URL",
      "mysql://localhost/espalier",
      "DATABASE_URL must be the URL of a PostgreSQL database, such as postgresql://user:password@host/database.",
    ],
    ["ESPALIER_PORT", "http", 'ESPALIER_PORT must be an integer from 0 to 65535. Received "http".'],
    ["ESPALIER_PORT", "65536", 'ESPALIER_PORT must be an integer from 0 to 65535. Received "65536".'],
    ["ESPALIER_SOCKETS", "0", 'ESPALIER_SOCKETS must be an integer of at least 1. Received "0".'],
    ["ESPALIER_TRAIN", "yes", 'ESPALIER_TRAIN must be one of on, off. Received "yes".'],
    [
      "ESPALIER_LOG_LEVEL",
      "loud",
      'ESPALIER_LOG_LEVEL must be one of debug, info, warn, error, silent. Received "loud".',
    ],
    [
      "ESPALIER_CRASH",
      "bang",
      'ESPALIER_CRASH must be a signal and the id of a process, such as "SIGSEGV 4711". Received "bang".',
    ],
  ];
  for (const [name, value, message] of invalid) {
    test(`refuses ${name}=${value} and names the valid values`, () => {
      assert.throws(
        () => parseConfig({ [name]: value }, "/"),
        (error) => {
          assert.ok(error instanceof AppError);
          assert.equal(error.code, "CONFIG_INVALID");
          assert.equal(error.message, message);
          return true;
        },
      );
    });
  }
});

describe("a misspelled variable", () => {
  for (const [name, nearest] of [
    ["ESPALIER_PROT", "ESPALIER_PORT"],
    ["ESPALIER_HOMEDIR", "ESPALIER_HOME"],
    ["ESPALIER_IMPORT_ROOT", "ESPALIER_IMPORT_ROOTS"],
    ["ESPALIER_LOGLEVEL", "ESPALIER_LOG_LEVEL"],
    ["espalier_port", "ESPALIER_PORT"],
    ["ESPALIR_HOME", "ESPALIER_HOME"],
    ["ESPALIERHOME", "ESPALIER_HOME"],
    ["DATABASE_URl", "DATABASE_URL"],
    ["DATABSE_URL", "DATABASE_URL"],
    ["DATABASEURL", "DATABASE_URL"],
  ] as const) {
    test(`${name} is found, and ${nearest} named`, () => {
      assert.deepEqual(misspelledVariables({ [name]: "1", PATH: "/bin" }), [{ name, nearest }]);
    });
  }

  test("is none that Espalier, its tests or its clients read, nor that of another program", () => {
    const names = [
      ...[
        "ESPALIER_HOME",
        "ESPALIER_CRASH",
        "ESPALIER_CACHE",
        "ESPALIER_TEST_PYTHON",
        "ESPALIER_FUZZ_ROUNDS",
      ],
      ...["ESPALIER_URL", "ESPALIER_TOKEN", "TEST_DATABASE_URL", "DATABASE_NAME", "PATH", "TZ", "_"],
    ];
    assert.deepEqual(misspelledVariables(Object.fromEntries(names.map((name) => [name, "1"]))), []);
    const both = { DATABASE_URL: "postgres://host/app", DATABASE_URI: "mysql://host/shop" };
    assert.deepEqual(misspelledVariables(both), []);
    assert.equal(misspelledVariables({ ...both, DATABASE_Url: "" }).length, 1);
  });
});
