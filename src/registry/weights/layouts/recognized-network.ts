import { Architecture } from "../../../core/enumerations.js";
import type { NetworkShape } from "../../../graph/architectures/architecture.js";
import { ARCHITECTURES } from "../../../graph/architectures/registry.js";

/** The same network in every architecture, with and without batch normalization where that is a choice. */
export function variantsOf<Network extends NetworkShape>(network: Network): readonly Network[] {
  return Object.values(Architecture).flatMap((architecture) => {
    const { batchNormalization, defaults, heads } = ARCHITECTURES[architecture];
    const kind = heads.includes(network.head.kind)
      ? network.head.kind
      : (defaults.head?.kind ?? network.head.kind);
    const variant = { ...network, architecture, head: { ...network.head, kind } };
    return (batchNormalization === "always" ? [true] : [false, true]).map((normalized) => ({
      ...variant,
      batchNormalization: normalized,
    }));
  });
}
