import { type FormEvent, useState } from "react";
import type { ServerSummary } from "./server-summary.js";

export interface AccessBarProps {
  /** Null while no token has been accepted. */
  readonly server: ServerSummary | null;
  readonly checking: boolean;
  /** Why the last token was refused, for the user; null when it was not. */
  readonly problem: string | null;
  readonly onToken: (token: string) => void;
  readonly onForget: () => void;
}

/** The bar at the top. It asks for the access token, and then describes the server. */
export function AccessBar({ server, checking, problem, onToken, onForget }: AccessBarProps) {
  return (
    <header className="access-bar">
      <img src={new URL("../favicon.svg", import.meta.url).href} alt="" width="22" height="22" />
      <strong>Espalier</strong>
      {server === null ? (
        <TokenForm checking={checking} problem={problem} onToken={onToken} />
      ) : (
        <>
          <span className="server-summary">
            {server.version} · TensorFlow {server.tensorflowVersion} · {server.devices}
          </span>
          <button type="button" onClick={onForget}>
            Forget token
          </button>
        </>
      )}
    </header>
  );
}

function TokenForm({ checking, problem, onToken }: Pick<AccessBarProps, "checking" | "problem" | "onToken">) {
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== "") onToken(token.trim());
  };
  return (
    <form onSubmit={submit}>
      <label htmlFor="token">Access token</label>
      <input
        id="token"
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <button type="submit" disabled={checking}>
        {checking ? "Checking…" : "Connect"}
      </button>
      {problem !== null && (
        <span role="alert" className="problem">
          {problem}
        </span>
      )}
    </form>
  );
}
