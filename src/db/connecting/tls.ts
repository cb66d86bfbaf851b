import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { type ConnectionOptions, checkServerIdentity, rootCertificates } from "node:tls";

/**
 * The values of `sslmode`, with libpq's meaning (https://www.postgresql.org/docs/current/libpq-ssl.html). `no-verify` is
 * one of `pg` alone.
 */
export const SSL_MODES = [
  ...(["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const),
  "no-verify",
] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** Files of TLS, as in the URL; null where it names none. */
export interface TlsFiles {
  readonly rootCertificate: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
  readonly keyPassword: string | null;
}

/** The option `ssl` of `pg`. */
export type Tls = false | ConnectionOptions;

/** One or two ways to connect, in the order in which libpq tries them. */
export type WaysToConnect = readonly [Tls] | readonly [Tls, Tls];

/** libpq's own value for the certificates that the system trusts. */
export const SYSTEM_ROOTS = "system";

/**
 * Returns the ways to connect. `require` does not check the server's certificate
 * unless root certificates are given, in which case it is `verify-ca`.
 *
 * @throws the error of the file system for a file that cannot be read
 */
export function tlsOf(mode: SslMode, host: string, files: TlsFiles): WaysToConnect {
  switch (mode) {
    case "disable":
      return [false];
    case "allow":
      return [false, unverified(files)];
    case "prefer":
      return [unverified(files), false];
    case "no-verify":
      return [unverified(files)];
    case "require":
      return [rootsOf(files) === null ? unverified(files) : verified(files, () => undefined)];
    case "verify-ca":
      return [verified(files, () => undefined)];
    case "verify-full":
      return [verified(files, (_name, certificate) => checkServerIdentity(host, certificate))];
  }
}

/** Whether there is a file of root certificates, or the system's are asked for. */
export function hasRoots({ rootCertificate }: Pick<TlsFiles, "rootCertificate">): boolean {
  return rootCertificate !== null || existsSync(usualRoots());
}

type CheckIdentity = NonNullable<ConnectionOptions["checkServerIdentity"]>;

function unverified(files: TlsFiles): ConnectionOptions {
  return { ...ownCertificate(files), rejectUnauthorized: false };
}

function verified(files: TlsFiles, checkIdentity: CheckIdentity): ConnectionOptions {
  const ca = rootsOf(files);
  return { ...ownCertificate(files), ...(ca === null ? {} : { ca }), checkServerIdentity: checkIdentity };
}

function ownCertificate({ certificate, key, keyPassword }: TlsFiles): ConnectionOptions {
  return {
    ...(certificate === null ? {} : { cert: readFileSync(certificate) }),
    ...(key === null ? {} : { key: readFileSync(key) }),
    ...(keyPassword === null ? {} : { passphrase: keyPassword }),
  };
}

/** The certificates that a server's must come from; null where none are given, which leaves those that Node knows. */
function rootsOf({ rootCertificate }: TlsFiles): string | Buffer | null {
  if (rootCertificate === SYSTEM_ROOTS) return rootCertificates.join("\n");
  return hasRoots({ rootCertificate }) ? readFileSync(rootCertificate ?? usualRoots()) : null;
}

/** Where psql looks. */
function usualRoots(): string {
  return path.join(homedir(), ".postgresql", "root.crt");
}
