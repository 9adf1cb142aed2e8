/** Argilla's dataset (version 2: settings and records), and its records as a review file. */
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, sheetOfPlaces } from './json-sheet.js';
import { type Answer, DECISION, type Handout, plainText, type Sheet, TEACHER_LABEL, votesInWords } from './sheet.js';

/** Settings as Argilla's SDK saves them, and its API takes them one by one. */
export interface ArgillaSettings {
  readonly guidelines: string;
  readonly fields: readonly { readonly name: string; readonly title: string; readonly [more: string]: unknown }[];
  readonly questions: readonly { readonly name: string; readonly title: string; readonly [more: string]: unknown }[];
  readonly metadata: readonly { readonly name: string; readonly title: string; readonly [more: string]: unknown }[];
}

export interface ArgillaRecord {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string | number>>;
  /** The label of the votes; null: there is none, or it is hidden. */
  readonly suggestion: { readonly value: string; readonly score: number } | null;
}

/** Longest texts that Argilla's server takes, in characters. */
const LONGEST = { guidelines: 10_000, description: 1000 };

export function argillaSettings({ guideline, labels, purpose }: Handout): ArgillaSettings {
  const explained = labels.map(({ description, name }) => `- **${name}** ${description}`);
  const field = (name: string, required: boolean) => ({
    name,
    title: name,
    required,
    settings: { type: 'text', use_markdown: false },
  });
  const options = labels.map(({ description, name }) => ({
    value: name,
    text: name,
    description: description === '' ? null : plainText(description).slice(0, LONGEST.description),
  }));
  const metadata = [
    { name: TEACHER_LABEL, title: "the votes' label", settings: { type: 'terms' }, visible_for_annotators: true },
    { name: 'doubt', title: 'doubt', settings: { type: 'float' }, visible_for_annotators: true },
  ];
  return {
    guidelines: plainText([guideline, ...explained].join('\n').trim()).slice(0, LONGEST.guidelines),
    fields: [field('text', true), ...(purpose === 'fix' ? [field('why', false), field('votes', false)] : [])],
    questions: [
      {
        name: DECISION,
        title: 'Which label is right?',
        required: true,
        settings: { type: 'label_selection', options },
      },
    ],
    metadata: purpose === 'fix' ? metadata : [],
  };
}

export function argillaRecords({ purpose, rows }: Handout): ArgillaRecord[] {
  return rows.map((row): ArgillaRecord => {
    const text = { text: plainText(row.text) };
    if (purpose !== 'fix') return { id: row.id, fields: text, metadata: {}, suggestion: null };
    return {
      id: row.id,
      fields: { ...text, why: plainText(row.why.join('; ')), votes: plainText(votesInWords(row)) },
      // Its presence tells a fix queue from an audit.
      metadata: { [TEACHER_LABEL]: row.label ?? 'none', doubt: row.doubt },
      suggestion: row.label === null ? null : { value: row.label, score: 1 - row.doubt },
    };
  });
}

/** Files of a folder by name, which the SDK's Dataset.from_disk reads. */
export function argillaFiles(handout: Handout, name: string): Record<string, unknown> {
  return {
    '.argilla/dataset.json': { name, status: 'ready', guidelines: argillaSettings(handout).guidelines },
    '.argilla/settings.json': { ...argillaSettings(handout), vectors: [], allow_extra_metadata: true },
    'records.json': argillaRecords(handout).map(({ fields, id, metadata, suggestion }) => ({
      id,
      fields,
      metadata,
      suggestions: suggestion === null ? {} : { [DECISION]: { ...suggestion, agent: AGENT } },
      responses: {},
      vectors: {},
    })),
  };
}

/** Who makes the suggestions. */
export const AGENT = 'votes';

/** A folder that the SDK's to_disk wrote, or the file of records in it. Throws ReviewFileError for another. */
export async function readArgilla(path: string): Promise<Sheet> {
  const file = path.endsWith('.json') ? path : join(path, 'records.json');
  return sheetOfPlaces(await readJson(file), file, {
    schema: SavedRecord,
    mend: "save the dataset by the SDK's Dataset.to_disk, or its records by records.to_json",
    read: ({ fields, id, metadata, responses }, place) => ({
      values: { ...metadata, id, text: fields.text },
      places: { id: `${place}.id`, text: `${place}.fields.text` },
      answers: (responses?.[DECISION] ?? []).map(
        ({ status, user_id, value }, index): Answer => ({
          reviewer: user_id ? `argilla user ${user_id}` : null,
          value: status === 'draft' || status === 'discarded' ? null : value,
          place: `${place}.responses.${DECISION}[${index}]`,
        }),
      ),
    }),
  });
}

/** Records as the API gives them. people: names by Argilla's ids. Only submitted responses decide. */
export function argillaSheet(records: unknown, place: string, people: ReadonlyMap<string, string>): Sheet {
  return sheetOfPlaces(records, place, {
    schema: ServedRecord,
    mend: 'give the address of a dataset that review export made',
    read: ({ external_id, fields, metadata, responses }, at) => ({
      values: { ...metadata, id: external_id, text: fields.text },
      places: { id: `${at}.external_id`, text: `${at}.fields.text` },
      answers: (responses ?? [])
        .map((response, index): Answer & { at: string } => ({
          reviewer: response.user_id ? (people.get(response.user_id) ?? `argilla user ${response.user_id}`) : null,
          value: response.status === 'submitted' ? response.values?.[DECISION]?.value : null,
          place: `${at}.responses[${index}]`,
          at: response.updated_at ?? '',
        }))
        .sort((a, b) => (a.at < b.at ? -1 : 1)),
    }),
  });
}

const Fields = z.object({ text: z.string() });
const Metadata = z.record(z.string(), z.unknown()).nullish();

const SavedRecord = z.object({
  id: z.string(),
  fields: Fields,
  metadata: Metadata,
  responses: z
    .record(
      z.string(),
      z.array(z.object({ value: z.unknown(), user_id: z.string().nullish(), status: z.string().nullish() })),
    )
    .nullish(),
});

const ServedRecord = z.object({
  external_id: z.string(),
  fields: Fields,
  metadata: Metadata,
  responses: z
    .array(
      z.object({
        user_id: z.string().nullish(),
        status: z.string(),
        updated_at: z.string().nullish(),
        values: z.record(z.string(), z.object({ value: z.unknown() })).nullish(),
      }),
    )
    .nullish(),
});
