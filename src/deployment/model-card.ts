/** README.md of a version, as the Hub shows it: what the model is, where its labels are from, how good it is, what it cost. */
import {
  counted,
  type EvaluationSummary,
  type Interval,
  inNumber,
  type OneStudentSettings,
  type Provenance,
  percent,
  type TrainingSummary,
} from '../contracts/index.js';
import type { Grid } from './grids.js';

export interface CardTeacher {
  readonly model: string | null;
  readonly host: string;
  readonly terms: string;
  /** Votes that every text got. */
  readonly always: number;
  /** Votes that texts got whose earlier votes disagreed. */
  readonly ifDisputed: number;
}

export interface ModelCardFacts {
  readonly task: string;
  readonly description: string;
  readonly labels: readonly { readonly name: string; readonly description: string }[];
  readonly textTemplate: string;
  readonly student: TrainingSummary;
  readonly settings: OneStudentSettings;
  readonly teachers: readonly CardTeacher[];
  readonly labelled: number;
  readonly corrected: number;
  /** Empty: nobody revised the task's. */
  readonly guidelines: Provenance['guidelines'];
  readonly corpusHash: string;
  readonly evaluation: EvaluationSummary;
  readonly confidence: number;
  /** How votes became labels, in words; null: by plain majority. */
  readonly weighing: string | null;
  /** What an audit certifies of the labels, in words; null: there was none. */
  readonly certificate: string | null;
  readonly grid: Grid;
  readonly software: Readonly<Record<string, string>>;
}

/** Watts of a logical core at work. Low: a server's (Cloud Carbon Footprint takes 3.5 W for a virtual core at full load); high: a
 *  desktop processor of 65 W with eight threads. With a data centre that uses 1.2 times what its computers do. */
const WATTS = { low: 3.5, high: 65 / 8 };
const PUE = 1.2;
const JOULES_PER_KWH = 3_600_000;

export interface Footprint {
  /** kWh. */
  readonly low: number;
  readonly high: number;
}

/** The energy of training, in kWh, and of the students that it was chosen among; null where the summary does not tell the cores. */
export function trainingEnergy(student: TrainingSummary): Footprint | null {
  const cores = coreSeconds(student);
  if (cores === null) return null;
  const kwh = (watts: number) => (watts * cores * PUE) / JOULES_PER_KWH;
  return { low: kwh(WATTS.low), high: kwh(WATTS.high) };
}

/** What cores worked for the training and those that it was compared with. Summaries of old tell the machine's cores alone, of which a
 *  training may have used a few: then as if it had used all. */
function coreSeconds(student: TrainingSummary): number | null {
  const { choiceCpuSeconds, choiceSeconds, cpuSeconds, threads, trainSeconds } = student;
  const counted = choiceSeconds == null ? cpuSeconds : choiceCpuSeconds;
  return counted ?? (threads == null ? null : threads * (choiceSeconds ?? trainSeconds));
}

/** Markdown with the Hub's metadata. The same facts give the same card. */
export function modelCard(facts: ModelCardFacts): string {
  const { description, labels, settings, task } = facts;
  return [
    metadata(facts),
    `# ${task}`,
    `${description === '' ? 'A classifier of texts.' : description} It is ${kindInWords(settings)}, which learned the labels of a large model.`,
    '## Labels',
    labels.map(({ name, description: about }) => `- **${name}**${about === '' ? '' : `: ${about}`}`).join('\n'),
    `Texts are rendered as \`${facts.textTemplate}\` before they are classified.`,
    '## How good it is',
    evaluationSection(facts),
    '## Where the labels are from',
    provenanceSection(facts),
    '## Use',
    usage(facts),
    '## What training took',
    footprintSection(facts),
    '## Limits',
    limits(facts),
    '',
  ].join('\n\n');
}

function metadata({ settings }: ModelCardFacts): string {
  const base = settings.kind === 'linear' || isLocal(settings.encoder) ? [] : [`base_model: ${settings.encoder}`];
  const lines = [
    'pipeline_tag: text-classification',
    `library_name: ${settings.kind === 'linear' ? 'onnx' : 'transformers'}`,
    ...base,
    'tags: [text-classification, distillation, onnx, tutelage]',
  ];
  return `---\n${lines.join('\n')}\n---`;
}

function kindInWords(settings: OneStudentSettings): string {
  if (settings.kind === 'linear') return 'a linear model of word and character n-grams';
  const encoder = `the encoder ${lastOf(settings.encoder)}`;
  return settings.kind === 'frozen' ? `${encoder} as it is, with a classifier on top` : `${encoder}, fine-tuned`;
}

/** A folder, not a repository of the Hub. */
function isLocal(encoder: string): boolean {
  return /^[./]/.test(encoder);
}

function lastOf(encoder: string): string {
  return encoder.split('/').slice(-2).join('/');
}

function evaluationSection({ certificate, confidence, evaluation, student }: ModelCardFacts): string {
  const { basis, champion, rows, teacher } = evaluation;
  const measure = basis === 'gold' ? 'accuracy' : 'agreement with the teacher';
  const row = (name: string, figures: { accuracy: number; macroF1: number; interval: Interval }) =>
    `| ${name} | ${percent(figures.accuracy)} | ${percent(figures.interval.low)} to ${percent(figures.interval.high)} | ${figures.macroF1.toFixed(3)} |`;
  return [
    basis === 'gold'
      ? `On ${counted(rows, 'text')} with people's labels, which it was neither trained nor chosen on:`
      : `On ${counted(rows, 'held-out text')}, measured against the teacher's labels. That is no accuracy: nobody checked these labels.`,
    [
      `| | ${measure} | ${Number((100 * confidence).toFixed(2))} % interval | macro F1 |`,
      '| --- | ---: | ---: | ---: |',
      row('this model', evaluation.student),
      ...(teacher === null ? [] : [row('its teacher', teacher)]),
    ].join('\n'),
    ...(champion === null ? [] : [championInWords(champion)]),
    ...calibrationInWords(student),
    ...(certificate === null ? [] : [`The labels it learned: ${certificate}`]),
  ].join('\n\n');
}

function championInWords({ accuracy, learned, version }: NonNullable<EvaluationSummary['champion']>): string {
  const texts = learned ? `, with ${counted(learned, 'text')} among them that it was trained on` : '';
  return `The version deployed before, ${version}: ${percent(accuracy)}${texts}.`;
}

/** Of students that calibrate their probabilities on the validation rows. */
function calibrationInWords({ chosen, validation }: TrainingSummary): string[] {
  const { calibrationErrorAfter: after, calibrationErrorBefore: before, temperature } = chosen;
  if (after === undefined || before === undefined || temperature === undefined) return [];
  return [
    `Its probabilities are calibrated on ${counted(validation.rows, 'held-out text')}: divided by a temperature of ${temperature.toFixed(2)}, its logits have an expected calibration error of ${after.toFixed(3)} there, ${before.toFixed(3)} before.`,
  ];
}

function provenanceSection(facts: ModelCardFacts): string {
  const { corpusHash, corrected, guidelines, labelled, settings, student, teachers, weighing } = facts;
  return [
    ...encoderInWords(settings, student),
    `- Labels: ${counted(labelled, 'text')}, ${teachers.flatMap(votesInWords).join(', and ')}; ${corrected} corrected by people.`,
    ...(weighing === null ? [] : [`- ${weighing}`]),
    ...guidelines.map(guidelineInWords),
    ...teachers.map(({ model, terms }) =>
      teachers.length === 1
        ? `- The teacher's licence and terms: ${terms}.`
        : `- Licence and terms of ${model ?? 'the model that is not named'}: ${terms}.`,
    ),
    `- Fitted on ${counted(student.examples, 'text')}; ${student.validation.rows} ${inNumber(student.validation.rows, 'was', 'were')} held out for choices, where it agrees with the labels on ${percent(student.validation.agreement)}.`,
    `- Corpus: SHA-256 over keys and gold labels \`${corpusHash}\`.`,
  ].join('\n');
}

function encoderInWords(settings: OneStudentSettings, { encoderLicence }: TrainingSummary): string[] {
  if (settings.kind === 'linear') return [];
  const { encoder, revision } = settings;
  const which = isLocal(encoder) ? `the folder ${lastOf(encoder)}` : `${encoder}, revision \`${revision}\``;
  const licence = encoderLicence == null ? 'its licence' : `its licence (${encoderLicence}, says its model card)`;
  return [`- Encoder: ${which}; ${licence} holds for what is made of it.`];
}

function guidelineInWords({ revision, task, texts }: Provenance['guidelines'][number]): string {
  if (revision === null)
    return `- ${texts} of the teacher's labels were given under the task's first guideline (\`${task}\`).`;
  const { at, examples, number, reviewer } = revision;
  const shown = examples === 0 ? '' : ` and ${counted(examples, 'corrected label')} as examples`;
  return `- ${texts} under the guideline as ${reviewer} revised it on ${at.slice(0, 10)} (revision ${number}, \`${task}\`)${shown}.`;
}

function votesInWords({ always, host, ifDisputed, model }: CardTeacher): string[] {
  const votes = (count: number) => counted(count, 'vote');
  const by = `by ${model ?? 'a model'} at ${host}`;
  return [
    ...(always > 0 ? [`${votes(always)} each ${by}`] : []),
    ...(ifDisputed > 0 ? [`${votes(ifDisputed)} ${by} about those whose votes disagreed`] : []),
  ];
}

function usage({ labels, settings, student }: ModelCardFacts): string {
  const names = JSON.stringify(labels.map(({ name }) => name));
  if (settings.kind === 'linear') {
    return `\`features.py\` lies beside the model and needs numpy alone:\n\n\`\`\`python\nimport onnxruntime, features\nsession = onnxruntime.InferenceSession("model.onnx")\nprobabilities = session.run(["probabilities"], features.inputs(["The text to label"]))[0]\nprint(dict(zip(${names}, probabilities[0])))\n\`\`\``;
  }
  return `\`\`\`python\nimport onnxruntime, transformers\ntokenizer = transformers.AutoTokenizer.from_pretrained(".")\ninputs = tokenizer(["The text to label"], truncation=True, return_tensors="np", return_token_type_ids=False)\nprobabilities = onnxruntime.InferenceSession("model.onnx").run(["probabilities"], dict(inputs))[0]\nprint(dict(zip(${names}, probabilities[0])))\n\`\`\`\n\n${int8InWords(student)} \`transformers.pipeline("text-classification", ".", trust_remote_code=True)\` answers the same with PyTorch: the class is in \`modeling_student.py\`.`;
}

function int8InWords({ chosen: { int8, int8Agreement, int8LayersInFloat }, validation }: TrainingSummary): string {
  if (int8Agreement === undefined) return 'There is no INT8 model: it was not asked for.';
  if (int8 !== 1) return 'There is no INT8 model: it changed too many labels.';
  const floats = int8LayersInFloat === 0 ? '' : `; layers that stayed in float32 for it: ${int8LayersInFloat}`;
  return `\`model_quantized.onnx\` is the same in INT8, with the same label on ${percent(int8Agreement)} of ${counted(validation.rows, 'held-out text')}${floats}.`;
}

function footprintSection({ grid, software, student }: ModelCardFacts): string {
  const energy = trainingEnergy(student);
  const versions = Object.entries(software).map(([name, version]) => `${name} ${version}`);
  const { choiceSeconds, trainSeconds } = student;
  const compared =
    choiceSeconds == null ? '' : ` (${choiceSeconds.toFixed(1)} s with the students that it was compared with)`;
  const seconds = `${trainSeconds.toFixed(1)} s${compared}`;
  if (energy === null) return `${seconds} on a CPU. Made with ${versions.join(', ')}.`;
  const grams = (kwh: number) => `${(kwh * grid.gramsPerKwh).toPrecision(2)} g`;
  return [
    `${seconds} on a CPU, for which its cores worked ${(coreSeconds(student) ?? 0).toFixed(1)} s: about ${energy.low.toPrecision(2)} to ${energy.high.toPrecision(2)} kWh, or ${grams(energy.low)} to ${grams(energy.high)} of CO2 equivalents`,
    `with the electricity of ${grid.name} (${grid.gramsPerKwh} g a kWh; ${grid.source}). Estimated from the cores' usual power, not metered; the teacher's energy is not in it.`,
    `Made with ${versions.join(', ')}.`,
  ].join('\n');
}

function limits({ evaluation, labels, settings, student }: ModelCardFacts): string {
  const { cutShare = 0, maxLength } = student.chosen;
  const cut = cutShare === 0 ? 'none' : percent(cutShare);
  return [
    `- It always answers one of its ${labels.length} labels, also about texts of other kinds and languages than it learned from.`,
    '- It repeats what its teacher got wrong and nobody corrected.',
    ...(evaluation.basis === 'validation' ? ['- How often it is right has not been measured.'] : []),
    ...(settings.kind === 'linear'
      ? ['- It knows words and parts of words, not their order beyond neighbours.']
      : [
          `- It reads the first ${maxLength ?? settings.maxLength} tokens of a text; ${cut} of those it was made with were longer.`,
        ]),
  ].join('\n');
}
