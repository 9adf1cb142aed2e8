/** Which way to make labels of votes: the one that is right most often on texts whose label is known. */
import type { AggregationMethod } from '../contracts/index.js';
import { type Aggregated, dawidSkene, majority, type VoteTable, weightedMajority } from './aggregation.js';

/** A text with the label that people gave it. Its votes are among the table's. */
export interface KnownText {
  readonly votes: VoteTable['votes'][number];
  readonly label: string;
}

export interface ChosenMethod {
  readonly method: AggregationMethod;
  readonly aggregated: Aggregated;
  /** Right labels of the known texts by each method, the simplest first. */
  readonly right: readonly { readonly method: AggregationMethod; readonly texts: number }[];
}

type Pause = () => Promise<unknown>;

/** The simplest first: of equally good ones it is taken. */
const METHODS: Readonly<
  Record<AggregationMethod, (table: VoteTable, pause: Pause) => Aggregated | Promise<Aggregated>>
> = {
  majority,
  weighted: weightedMajority,
  'dawid-skene': dawidSkene,
};

/** pause: waited for between the steps of what may take long. */
export async function aggregate(method: AggregationMethod, table: VoteTable, pause: Pause): Promise<Aggregated> {
  return METHODS[method](table, pause);
}

/** The method that is right on the most of the known texts. Texts whose best labels draw count as wrong. */
export async function chooseMethod(table: VoteTable, known: readonly KnownText[], pause: Pause): Promise<ChosenMethod> {
  const indexOf = indexByVotes(table);
  const tried: { method: AggregationMethod; aggregated: Aggregated; texts: number }[] = [];
  for (const method of Object.keys(METHODS) as AggregationMethod[]) {
    const aggregated = await aggregate(method, table, pause);
    const isRight = ({ label, votes }: KnownText) =>
      onlyLeader(aggregated.posteriors[indexOf(votes)]!, table.labels) === label;
    tried.push({ method, aggregated, texts: known.filter(isRight).length });
  }
  const { aggregated, method } = tried.reduce((one, other) => (other.texts > one.texts ? other : one));
  return { method, aggregated, right: tried.map(({ method: each, texts }) => ({ method: each, texts })) };
}

/** Where the votes stand in a table of combinations. */
export function indexByVotes({ votes }: VoteTable): (votes: VoteTable['votes'][number]) => number {
  const indices = new Map(votes.map((each, index) => [JSON.stringify(each), index]));
  return (each) => {
    const index = indices.get(JSON.stringify(each));
    if (index === undefined) throw new RangeError('a text has votes that it had not when they were weighed');
    return index;
  };
}

function onlyLeader(posterior: readonly number[], labels: readonly string[]): string | null {
  const most = Math.max(...posterior);
  const leaders = labels.filter((_, index) => posterior[index] === most);
  return leaders.length === 1 ? leaders[0]! : null;
}
