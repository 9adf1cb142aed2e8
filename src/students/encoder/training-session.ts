/** Runs training steps with onnxruntime: the weights are inputs that it reads in place, the gradients go to buffers. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnxModel, type OnnxValue } from '../onnx-model.js';
import { type EncoderInputs, padBatch } from './batches.js';
import { DropoutPool } from './dropout-pool.js';
import { IDS_INPUT, MASK_INPUT } from './encoder-graph.js';
import { POSITION_TABLE, TOKEN_TYPE_TABLE, WORD_TABLE } from './encoder-parameters.js';
import type { Classifier } from './inference-model.js';
import { forwardModel, sizesOf, TARGETS_INPUT, type TrainingGraph, trainingGraph } from './training-graph.js';

export interface Batch {
  readonly ids: readonly (readonly number[])[];
  /** [texts][labels]: each text's target probabilities times its share of the loss; 1 / texts is the mean's. */
  readonly targets: readonly (readonly number[])[];
}

export interface SessionOptions {
  /** Of the dropout masks. */
  readonly seed: number;
  /** The longest text's tokens, and how many such texts have as many tokens as the largest part. */
  readonly tokens: number;
  readonly texts: number;
}

export class TrainingSession {
  private readonly weights: Record<string, Tensor>;
  /** Of a step's first part: into the gradients. */
  private readonly fetches: Fetches;
  /** Of its further parts: into arrays that onnxruntime makes, as it does of whatever is fetched. */
  private readonly furtherFetches: Fetches;
  private readonly pools: ReadonlyMap<number, DropoutPool>;
  /** Where each part's embedded gradient goes: arrays that are left behind pile up until they are collected. */
  private readonly embedded: Float32Array;
  /** Rows of the word table whose gradient is not 0. */
  private readonly touched = new Set<number>();

  private constructor(
    private readonly classifier: Classifier,
    private readonly graph: TrainingGraph,
    private readonly session: InferenceSession,
    private readonly gradients: ReadonlyMap<string, Float32Array>,
    { seed, texts, tokens }: SessionOptions,
  ) {
    this.weights = weightTensors(classifier);
    const outputs = [...graph.gradients].map(([name, { dims, name: output }]) => {
      return [output, new Tensor('float32', gradients.get(name)!, dims as number[])] as const;
    });
    this.fetches = { ...Object.fromEntries(outputs), [graph.loss.name]: null };
    this.furtherFetches = Object.fromEntries(Object.keys(this.fetches).map((output) => [output, null]));
    this.embedded = new Float32Array(texts * tokens * classifier.shape.hidden);
    const longest = Math.max(0, ...graph.dropoutMasks.map(({ input }) => lengthOf(sizesOf(input, texts, tokens))));
    const rates = new Set(graph.dropoutMasks.map(({ rate }) => rate));
    this.pools = new Map([...rates].map((rate) => [rate, new DropoutPool(rate, longest, seed)]));
  }

  /** `gradients` are the arrays, one a parameter by its name, that each step fills. */
  static async create(
    classifier: Classifier,
    gradients: ReadonlyMap<string, Float32Array>,
    options: SessionOptions,
  ): Promise<TrainingSession> {
    const graph = trainingGraph(classifier);
    return new TrainingSession(classifier, graph, await openSession(encodeOnnxModel(graph.model)), gradients, options);
  }

  /** Fills the gradients of the parts' losses together, in nats, and returns their sum. Blocks the event loop. */
  async run(parts: readonly Batch[], random: () => number): Promise<number> {
    this.clearRows();
    let loss = 0;
    for (const [index, part] of parts.entries()) {
      const results = await this.runPart(part, index === 0 ? this.fetches : this.furtherFetches, random);
      loss += numbersOf(results, this.graph.loss)[0]!;
      if (index === 0) continue;
      for (const [name, output] of this.graph.gradients) addTo(this.gradients.get(name)!, numbersOf(results, output));
    }
    return loss;
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private async runPart({ ids, targets }: Batch, fetches: Fetches, random: () => number): Promise<Results> {
    const inputs = padBatch(ids);
    const [texts, tokens] = inputs[IDS_INPUT].dims as [number, number];
    const feeds = { ...this.weights, ...tensorsOf(inputs) };
    feeds[TARGETS_INPUT] = new Tensor('float32', Float32Array.from(targets.flat()), [texts, this.classifier.labels]);
    for (const { input, rate } of this.graph.dropoutMasks) {
      const dims = sizesOf(input, texts, tokens);
      feeds[input.name] = new Tensor('float32', this.pools.get(rate)!.mask(lengthOf(dims), random), dims);
    }
    const { embeddedGradient } = this.graph;
    const dims = sizesOf(embeddedGradient, texts, tokens);
    const embedded = this.embedded.subarray(0, lengthOf(dims));
    const into = { ...fetches, [embeddedGradient.name]: new Tensor('float32', embedded, dims) };
    const results = await this.session.run(feeds, into);
    this.addRows(inputs, embedded);
    return results;
  }

  /** The gradients of the embedding tables become 0. */
  private clearRows(): void {
    const { hidden } = this.classifier.shape;
    const words = this.gradients.get(WORD_TABLE)!;
    for (const row of this.touched) words.fill(0, row * hidden, (row + 1) * hidden);
    this.touched.clear();
    this.gradients.get(POSITION_TABLE)!.fill(0);
    this.gradients.get(TOKEN_TYPE_TABLE)?.fill(0);
  }

  /** Adds to the rows of the embedding tables their sums of the embedded gradient [texts · tokens, hidden]. */
  private addRows(inputs: EncoderInputs, embedded: Float32Array): void {
    const { hidden, firstPosition } = this.classifier.shape;
    const words = this.gradients.get(WORD_TABLE)!;
    const positions = this.gradients.get(POSITION_TABLE)!;
    const types = this.gradients.get(TOKEN_TYPE_TABLE);
    const tokens = inputs[IDS_INPUT].dims[1]!;
    for (const [index, id] of inputs[IDS_INPUT].data.entries()) {
      if (inputs[MASK_INPUT].data[index] === 0n) continue;
      const row = Number(id);
      this.touched.add(row);
      const from = index * hidden;
      const [word, position] = [row * hidden, (firstPosition + (index % tokens)) * hidden];
      for (let i = 0; i < hidden; i++) {
        const slope = embedded[from + i]!;
        words[word + i]! += slope;
        positions[position + i]! += slope;
        if (types !== undefined) types[i]! += slope;
      }
    }
  }
}

/** Answers with the weights as they are at the moment. */
export class EvaluationSession {
  private constructor(
    private readonly weights: Record<string, Tensor>,
    private readonly session: InferenceSession,
  ) {}

  static async create(classifier: Classifier): Promise<EvaluationSession> {
    const graph = forwardModel(classifier);
    return new EvaluationSession(weightTensors(classifier), await openSession(encodeOnnxModel(graph)));
  }

  /** Logits [texts, labels], row-major. */
  async logits(ids: Batch['ids']): Promise<Float32Array> {
    const { logits } = await this.session.run({ ...this.weights, ...tensorsOf(padBatch(ids)) }, ['logits']);
    return logits!.data as Float32Array;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Outputs by their names; null: into a tensor of its own. */
type Fetches = Record<string, Tensor | null>;

type Results = Awaited<ReturnType<InferenceSession['run']>>;

function numbersOf(results: Results, { name }: OnnxValue): Float32Array {
  return results[name]!.data as Float32Array;
}

function addTo(sum: Float32Array, numbers: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += numbers[i]!;
}

/** Two sessions' threads would take each other's time by waiting actively; and batches differ in size, so that planning
 *  memory for each would pile it up. */
function openSession(bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    enableMemPattern: false,
    executionMode: 'sequential',
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
}

function lengthOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function weightTensors({ parameters, values }: Classifier): Record<string, Tensor> {
  return Object.fromEntries(
    parameters.map(({ name, dims }) => [name, new Tensor('float32', values.get(name)!, [...dims])]),
  );
}

function tensorsOf(inputs: EncoderInputs): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, dims }]) => [name, new Tensor('int64', data, [...dims])]),
  );
}
