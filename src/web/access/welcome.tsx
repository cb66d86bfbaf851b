import { EXAMPLES } from "../examples/examples.js";

/** The page before a token is accepted. It says where to find a token, and what the API offers. */
export function Welcome() {
  return (
    <section className="welcome">
      <h1>Train, compare and serve image classifiers</h1>
      <p>
        Espalier is one GraphQL API. It needs an access token: the server printed one at its first start and
        keeps it in <code>.espalier/admin-token</code>, where only the owner of the file can read it. The
        token stays in this browser tab and is sent only to this server.
      </p>
      <h2>What you can do with it</h2>
      <ol>
        {EXAMPLES.map((example) => (
          <li key={example.number}>
            <strong>{example.title}</strong> {example.about.split(/(?<=[.:])\s/)[0]?.replace(/:$/, ".")}
          </li>
        ))}
      </ol>
    </section>
  );
}
