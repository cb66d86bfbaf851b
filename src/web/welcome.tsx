import { EXAMPLES } from "./examples.js";

/** What is to be seen before a token is given: where to find one, and what it opens. */
export function Welcome() {
  return (
    <section className="welcome">
      <h1>Train, compare and serve image classifiers</h1>
      <p>
        Everything here is one GraphQL API. It asks for an access token: the server printed one at its first
        start and keeps it in <code>.espalier/admin-token</code>, readable by its owner only. The token stays
        in this browser tab and goes nowhere but to this server.
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
