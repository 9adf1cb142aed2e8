/** Label Studio's project (configuration, instruction, tasks with predictions), and its JSON export as a review file. */
import { z } from 'zod';
import { readJson, sheetOfPlaces } from './json-sheet.js';
import { type Answer, DECISION, type Handout, plainText, type Sheet, TEACHER_LABEL, votesInWords } from './sheet.js';

/** What its API takes. */
export interface LabelStudioProject {
  readonly label_config: string;
  /** HTML. */
  readonly expert_instruction: string;
  readonly tasks: readonly LabelStudioTask[];
}

export interface LabelStudioTask {
  readonly data: Readonly<Record<string, string | number>>;
  readonly predictions: readonly unknown[];
}

/** Labels 1 to 9 have hotkeys. A project of the audit shows no label, and makes no predictions. */
export function labelStudioProject({ guideline, labels, purpose, rows }: Handout): LabelStudioProject {
  const choices = labels.map(({ description, name }, index) => {
    const hint = description === '' ? '' : ` hint="${escaped(description)}"`;
    const hotkey = index < HOTKEYS ? ` hotkey="${index + 1}"` : '';
    return `    <Choice value="${escaped(name)}"${hint}${hotkey}/>`;
  });
  const reasons = [
    '  <Text name="why" value="$why"/>',
    '  <Collapse><Panel value="Votes"><Text name="votes" value="$votes"/></Panel></Collapse>',
  ];
  const label_config = [
    '<View>',
    '  <Text name="text" value="$text"/>',
    `  <Choices name="${DECISION}" toName="text" choice="single-radio" showInline="true">`,
    ...choices,
    '  </Choices>',
    ...(purpose === 'fix' ? reasons : []),
    '</View>',
  ].join('\n');
  const explained = labels.map(({ description, name }) => `<li><b>${escaped(name)}</b> ${escaped(description)}</li>`);
  const told = guideline === '' ? '' : `<p>${escaped(guideline).replaceAll('\n', '<br>')}</p>`;
  return {
    label_config,
    expert_instruction: `${told}<ul>${explained.join('')}</ul>`,
    tasks: rows.map((row) => {
      const shown = { id: row.id, text: plainText(row.text) };
      if (purpose !== 'fix') return { data: shown, predictions: [] };
      const value = { choices: [row.label] };
      const result = [{ from_name: DECISION, to_name: 'text', type: 'choices', value }];
      return {
        data: {
          ...shown,
          [TEACHER_LABEL]: row.label ?? '',
          doubt: row.doubt,
          why: plainText(row.why.join('; ')),
          votes: plainText(votesInWords(row)),
        },
        predictions: row.label === null ? [] : [{ model_version: 'votes', score: 1 - row.doubt, result }],
      };
    }),
  };
}

/** A file that Label Studio exported as JSON. Throws ReviewFileError for another. */
export async function readLabelStudio(path: string): Promise<Sheet> {
  return labelStudioSheet(await readJson(path), path, new Map());
}

/** people: names by the numbers that Label Studio gives them. Of several annotations of one person the latest counts; what was
 *  skipped decides nothing. */
export function labelStudioSheet(exported: unknown, path: string, people: ReadonlyMap<number, string>): Sheet {
  return sheetOfPlaces(exported, path, {
    schema: ExportedTask,
    mend: "export the project as JSON (JSON-MIN and CSV don't say who skipped what)",
    read: ({ annotations, data }, place) => ({
      values: data,
      places: { id: `${place}.data.id`, text: `${place}.data.text` },
      answers: latestOfEach(annotations, place, people),
    }),
  });
}

const HOTKEYS = 9;

const Annotation = z.object({
  completed_by: z.union([z.number(), z.object({ email: z.string() })]).nullish(),
  was_cancelled: z.boolean().nullish(),
  created_at: z.string().nullish(),
  updated_at: z.string().nullish(),
  result: z.array(z.object({ from_name: z.string().nullish(), value: z.unknown() })),
});

const ExportedTask = z.object({ data: z.record(z.string(), z.unknown()), annotations: z.array(Annotation) });

function latestOfEach(
  annotations: readonly z.infer<typeof Annotation>[],
  place: string,
  people: ReadonlyMap<number, string>,
): Answer[] {
  const when = (each: z.infer<typeof Annotation>) => each.updated_at ?? each.created_at ?? '';
  const numbered = annotations.map((annotation, index) => ({ annotation, index }));
  numbered.sort((a, b) => (when(a.annotation) < when(b.annotation) ? -1 : 1));
  const latest = new Map<string | null, Answer>();
  for (const { annotation, index } of numbered) {
    const by = annotation.completed_by;
    const reviewer =
      typeof by === 'number' ? (people.get(by) ?? `label-studio user ${by}`) : by === null ? null : (by?.email ?? null);
    const result = annotation.result.find(({ from_name }) => from_name === DECISION);
    const chosen = z.object({ choices: z.array(z.string()) }).safeParse(result?.value);
    const choices = chosen.success ? chosen.data.choices : [];
    latest.delete(reviewer);
    latest.set(reviewer, {
      reviewer,
      value: annotation.was_cancelled ? null : choices.join(' and '),
      place: `${place}.annotations[${index}]`,
    });
  }
  return [...latest.values()];
}

function escaped(text: string): string {
  return plainText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
