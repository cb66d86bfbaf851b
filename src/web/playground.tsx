import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { useCallback, useEffect, useMemo, useState } from "react";
import { AccessBar } from "./access/bar.js";
import { fetchServerSummary, type ServerSummary } from "./access/server-summary.js";
import { forgetToken, keepToken, readToken } from "./access/token.js";
import { Welcome } from "./access/welcome.js";
import { EventsFooter } from "./events/footer.js";
import { EventLog } from "./events/log.js";
import { EXAMPLES } from "./examples/examples.js";
import { EXAMPLES_PLUGIN } from "./examples/panel.js";
import { createTransport } from "./transport.js";
import { WrappedLines } from "./wrapped-lines.js";

const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];

/** The tabs of a first visit. The panel offers the other examples. */
const FIRST_TABS = EXAMPLES.slice(0, 1).map(({ query }) => ({ query }));

interface Connection {
  readonly token: string;
  readonly server: ServerSummary;
}

/** The page: the bar at the top, and GraphiQL once the server has accepted a token. */
export function Playground() {
  const [connection, setConnection] = useState<Connection | null>(null);
  const [checking, setChecking] = useState(readToken() !== null);
  const [problem, setProblem] = useState<string | null>(null);

  const connect = useCallback(async (token: string) => {
    setChecking(true);
    setProblem(null);
    try {
      const server = await fetchServerSummary(token);
      keepToken(token);
      setConnection({ token, server });
    } catch (error) {
      forgetToken();
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setChecking(false);
    }
  }, []);

  useEffect(() => {
    const token = readToken();
    if (token !== null) void connect(token);
  }, [connect]);

  const forget = () => {
    forgetToken();
    setConnection(null);
  };

  return (
    <>
      <AccessBar
        server={connection?.server ?? null}
        checking={checking}
        problem={problem}
        onToken={connect}
        onForget={forget}
      />
      <main>{connection === null ? <Welcome /> : <Editor token={connection.token} />}</main>
    </>
  );
}

function Editor({ token }: { readonly token: string }) {
  const log = useMemo(() => new EventLog(), []);
  const fetcher = useMemo(() => createTransport(token, log), [token, log]);
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={PLUGINS}
      visiblePlugin={EXAMPLES_PLUGIN}
      defaultTabs={FIRST_TABS}
      defaultQuery=""
      defaultEditorToolsVisibility="variables"
      isHeadersEditorEnabled={false}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>{null}</GraphiQL.Logo>
      <GraphiQL.Footer>
        <EventsFooter log={log} />
      </GraphiQL.Footer>
      <WrappedLines />
    </GraphiQL>
  );
}
