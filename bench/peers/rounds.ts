import { median } from "../../src/lang/median.js";
import type { PeerRunner } from "./peer-runner.js";
import type { PeerScript } from "./peer-scripts.js";

/** The measurements of one round, taken one after the other on the same machine. */
export interface Round<Product, Figures> {
  readonly product: Product;
  /** By the peer's name, without the peers that could not run. */
  readonly peers: ReadonlyMap<string, Figures>;
}

/**
 * Measures product and peers in turn. Every other round goes backwards, so that a machine that becomes slower or
 * faster in the meantime favors nobody.
 */
export async function takeTurns<Product, Work, Figures>(
  rounds: number,
  product: () => Promise<Product>,
  peers: readonly PeerScript<Work, Figures>[],
  work: Work,
  runner: PeerRunner,
): Promise<readonly Round<Product, Figures>[]> {
  const done: Round<Product, Figures>[] = [];
  for (let round = 0; round < rounds; round++) {
    const forwards = round % 2 === 0;
    const figures = new Map<string, Figures>();
    const first = forwards ? await product() : null;
    for (const peer of forwards ? peers : peers.toReversed()) {
      const measured = await runner.run(peer, work);
      if (measured !== null) figures.set(peer.name, measured);
    }
    done.push({ product: first ?? (await product()), peers: figures });
  }
  return done;
}

/** A figure that product and peers have. The ratio is the product's figure divided by the peer's. */
export interface ComparedFigure<Product, Figures> {
  /** Prefix of the ratio's name: `trainVs` gives `trainVsKeras`. */
  readonly ratio: string;
  /** Suffix of the figure's name: `ImagesPerSecond` gives `kerasImagesPerSecond`. */
  readonly figure: string;
  ofProduct(product: Product): number;
  ofPeer(figures: Figures): number;
}

/** Returns medians over the rounds: of the ratios within each round, and of the figures of product and peers. */
export function compareRounds<Product, Figures>(
  rounds: readonly Round<Product, Figures>[],
  peerNames: readonly string[],
  compared: readonly ComparedFigure<Product, Figures>[],
): Readonly<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const { ratio, figure, ofProduct, ofPeer } of compared) {
    for (const name of peerNames) {
      const pairs = rounds.flatMap(({ product, peers }) => {
        const measured = peers.get(name);
        return measured === undefined ? [] : [{ product: ofProduct(product), peer: ofPeer(measured) }];
      });
      if (pairs.length === 0) continue;
      figures[`${ratio}${name}`] = median(pairs.map((pair) => pair.product / pair.peer));
      figures[`${name.toLowerCase()}${figure}`] = median(pairs.map(({ peer }) => peer));
    }
    figures[`product${figure}`] = median(rounds.map(({ product }) => ofProduct(product)));
  }
  return figures;
}
