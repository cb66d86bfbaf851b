import { median } from "../figures/median.js";
import type { PeerRunner } from "./peer-runner.js";
import type { PeerScript } from "./peer-scripts.js";

/** What the product and each peer took in one round, one after the other on the same machine. */
export interface Round<Product, Figures> {
  readonly product: Product;
  /** By the peer's name; those that could not run are left out. */
  readonly peers: ReadonlyMap<string, Figures>;
}

/**
 * Lets product and peers take turns. Every other round goes backwards, so that a machine that becomes
 * slower or faster meanwhile favours nobody.
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
      const taken = await runner.run(peer, work);
      if (taken !== null) figures.set(peer.name, taken);
    }
    done.push({ product: first ?? (await product()), peers: figures });
  }
  return done;
}

/** A figure that product and peers have: of a pair, the ratio is the product's divided by the peer's. */
export interface ComparedFigure<Product, Figures> {
  /** Stands before the peer's name: `trainVs` gives `trainVsKeras`. */
  readonly ratio: string;
  /** Stands behind who took it: `ImagesPerSecond` gives `kerasImagesPerSecond`. */
  readonly figure: string;
  ofProduct(product: Product): number;
  /** Null when the peer does not tell. */
  ofPeer(figures: Figures): number | null;
}

/** Medians over the rounds, of the ratios within each round and of what everybody took. */
export function compareRounds<Product, Figures>(
  rounds: readonly Round<Product, Figures>[],
  peerNames: readonly string[],
  compared: readonly ComparedFigure<Product, Figures>[],
): Readonly<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const { ratio, figure, ofProduct, ofPeer } of compared) {
    for (const name of peerNames) {
      const pairs = rounds.flatMap(({ product, peers }) => {
        const taken = peers.get(name);
        const value = taken === undefined ? null : ofPeer(taken);
        return value === null ? [] : [{ product: ofProduct(product), peer: value }];
      });
      if (pairs.length === 0) continue;
      figures[`${ratio}${name}`] = median(pairs.map((pair) => pair.product / pair.peer));
      figures[`${name.toLowerCase()}${figure}`] = median(pairs.map(({ peer }) => peer));
    }
    figures[`product${figure}`] = median(rounds.map(({ product }) => ofProduct(product)));
  }
  return figures;
}
