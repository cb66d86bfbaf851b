import { useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

/** Wraps long lines in the editors; GraphiQL has no option for it. It renders nothing. */
export function WrappedLines(): null {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  useEffect(() => {
    for (const editor of [queryEditor, variableEditor]) editor?.updateOptions({ wordWrap: "on" });
  }, [queryEditor, variableEditor]);
  return null;
}
