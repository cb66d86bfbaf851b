import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionSetNode } from "graphql";

/**
 * Returns how deeply fields are nested below a selection set. Introspection does not count: GraphQL bounds it itself
 * (`MaxIntrospectionDepthRule`), and the playground's own query is deeper than most.
 *
 * @param document valid, so that no fragment contains itself
 */
export function depthOf(selections: SelectionSetNode, document: DocumentNode): number {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  // Measuring a fragment once keeps fragments that spread fragments from taking exponential time.
  const measured = new Map<string, number>();

  const depthOfFragment = (name: string): number => {
    const known = measured.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    const depth = fragment === undefined ? 0 : depthBelow(fragment.selectionSet);
    measured.set(name, depth);
    return depth;
  };

  const depthBelow = (set: SelectionSetNode): number =>
    Math.max(
      0,
      ...set.selections.map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return depthOfFragment(selection.name.value);
        if (selection.kind === Kind.INLINE_FRAGMENT) return depthBelow(selection.selectionSet);
        if (selection.name.value.startsWith("__")) return 0;
        return 1 + (selection.selectionSet === undefined ? 0 : depthBelow(selection.selectionSet));
      }),
    );

  return depthBelow(selections);
}
