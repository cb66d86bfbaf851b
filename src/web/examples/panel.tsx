import { type GraphiQLPlugin, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useState } from "react";
import { EXAMPLES, type Example } from "./examples.js";
import { fillPlaceholders } from "./placeholders.js";
import { readRecentResults } from "./recent-results.js";

/** The list of examples beside the editor. In their order they are the full workflow. */
export const EXAMPLES_PLUGIN: GraphiQLPlugin = {
  title: "Examples",
  icon: () => (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round">
      <title>Examples</title>
      <path d="M9 6h12M9 12h12M9 18h12M3.5 5.5l1-1V8M3.5 11h2l-2 2.5h2M3.5 16.5h2l-1 1.5 1 1.5h-2" />
    </svg>
  ),
  content: ExamplesPanel,
};

function ExamplesPanel() {
  const openExample = useOpenExample();
  const open = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.operationName);
  const [missing, setMissing] = useState<readonly string[]>([]);
  return (
    <section className="examples" aria-label="Examples">
      <h2>The full workflow, in order</h2>
      <p>
        Each example opens in a tab of its own. Run it with the button or Ctrl-Enter. Ids from earlier
        responses are filled in.
      </p>
      {missing.length > 0 && (
        <p className="missing" role="status">
          Not known yet: {missing.join(", ")}. Run the example that returns it, or enter the value.
        </p>
      )}
      <ol>
        {EXAMPLES.map((example) => (
          <li key={example.number}>
            <button
              type="button"
              aria-current={example.operationName === open}
              title={example.about}
              disabled={openExample === null}
              onClick={() => setMissing(openExample?.(example) ?? [])}
            >
              <span className="example-number">{example.number}</span>
              <span className="example-title">{example.title}</span>
              <span className={`example-kind ${example.kind}`}>{example.kind}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

/**
 * Returns a function that opens an example, in the tab that shows it already or in a new one, and fills its variables
 * from the latest responses. That function returns the placeholders without a value. Null while the editors load.
 */
function useOpenExample(): ((example: Example) => readonly string[]) | null {
  const actions = useGraphiQLActions();
  const tabs = useGraphiQL((state) => state.tabs);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  if (queryEditor === undefined || variableEditor === undefined) return null;
  return (example) => {
    const index = tabs.findIndex((tab) => tab.operationName === example.operationName);
    if (index >= 0) actions.changeTab(index);
    else actions.addTab();
    // GraphiQL determines these a moment after the text changes, too late when the example is run at once.
    const { document: documentAST, operationName, operations } = example;
    actions.setOperationFacts({ documentAST, operationName, operations });
    const { variables, missing } = fillPlaceholders(example.variables, readRecentResults());
    queryEditor.setValue(example.query);
    variableEditor.setValue(variablesText(variables));
    return missing;
  };
}

/** The text of the editor for variables; empty for an operation without variables. */
function variablesText(variables: unknown): string {
  return variables === null ? "" : JSON.stringify(variables, null, 2);
}
