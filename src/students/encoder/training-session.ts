/** Runs training steps with onnxruntime: the weights are inputs that it reads in place, the gradients go to buffers. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnxModel } from '../onnx-model.js';
import { type EncoderInputs, padBatch } from './batches.js';
import { DropoutPool } from './dropout-pool.js';
import { IDS_INPUT, MASK_INPUT } from './encoder-graph.js';
import { POSITION_TABLE, TOKEN_TYPE_TABLE, WORD_TABLE } from './encoder-parameters.js';
import type { Classifier } from './inference-model.js';
import { forwardModel, sizesOf, TARGETS_INPUT, type TrainingGraph, trainingGraph } from './training-graph.js';

/** A batch of training examples: token ids, and targets [texts][labels]. */
export interface Batch {
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
}

/** What the dropout masks depend on: a seed, and the largest batch. */
export interface MaskOptions {
  readonly seed: number;
  readonly texts: number;
  readonly tokens: number;
}

export class TrainingSession {
  private readonly weights: Record<string, Tensor>;
  private readonly fetches: Record<string, Tensor | null>;
  private readonly pools: ReadonlyMap<number, DropoutPool>;
  /** Rows of the word table whose gradient is not 0. */
  private touched: readonly number[] = [];

  private constructor(
    private readonly classifier: Classifier,
    private readonly graph: TrainingGraph,
    private readonly session: InferenceSession,
    private readonly gradients: ReadonlyMap<string, Float32Array>,
    { seed, texts, tokens }: MaskOptions,
  ) {
    this.weights = weightTensors(classifier);
    const outputs = [...graph.gradients].map(([name, { name: output, dims }]) => {
      return [output, new Tensor('float32', this.gradients.get(name)!, dims as number[])] as const;
    });
    this.fetches = { ...Object.fromEntries(outputs), [graph.loss.name]: null, [graph.embeddedGradient.name]: null };
    const longest = Math.max(0, ...graph.dropoutMasks.map(({ input }) => lengthOf(sizesOf(input, texts, tokens))));
    const rates = new Set(graph.dropoutMasks.map(({ rate }) => rate));
    this.pools = new Map([...rates].map((rate) => [rate, new DropoutPool(rate, longest, seed)]));
  }

  /** `gradients` are the arrays, one a parameter by its name, that each step fills. */
  static async create(
    classifier: Classifier,
    gradients: ReadonlyMap<string, Float32Array>,
    masks: MaskOptions,
  ): Promise<TrainingSession> {
    const graph = trainingGraph(classifier);
    return new TrainingSession(classifier, graph, await openSession(encodeOnnxModel(graph.model)), gradients, masks);
  }

  /** Fills the gradients of the batch's mean loss, in nats, and returns it. Blocks the event loop. */
  async run(batch: Batch, random: () => number): Promise<number> {
    const inputs = padBatch(batch.ids);
    const [texts, tokens] = inputs[IDS_INPUT].dims as [number, number];
    const feeds = { ...this.weights, ...tensorsOf(inputs) };
    const targets = Float32Array.from(batch.targets.flat(), (share) => share / texts);
    feeds[TARGETS_INPUT] = new Tensor('float32', targets, [texts, this.classifier.labels]);
    for (const { input, rate } of this.graph.dropoutMasks) {
      const dims = sizesOf(input, texts, tokens);
      feeds[input.name] = new Tensor('float32', this.pools.get(rate)!.mask(lengthOf(dims), random), dims);
    }
    const results = await this.session.run(feeds, this.fetches);
    this.addRows(inputs, results[this.graph.embeddedGradient.name]!.data as Float32Array);
    return (results[this.graph.loss.name]!.data as Float32Array)[0]!;
  }

  release(): Promise<void> {
    return this.session.release();
  }

  /** Gives the rows of the embedding tables their sums of the embedded gradient [texts · tokens, hidden]. */
  private addRows(inputs: EncoderInputs, embedded: Float32Array): void {
    const { hidden, tokenTypes, firstPosition } = this.classifier.shape;
    const words = this.gradients.get(WORD_TABLE)!;
    const positions = this.gradients.get(POSITION_TABLE)!.fill(0);
    const types = tokenTypes > 0 ? this.gradients.get(TOKEN_TYPE_TABLE)!.fill(0) : null;
    for (const row of this.touched) words.fill(0, row * hidden, (row + 1) * hidden);
    const touched = new Set<number>();
    const tokens = inputs[IDS_INPUT].dims[1]!;
    for (const [index, id] of inputs[IDS_INPUT].data.entries()) {
      if (inputs[MASK_INPUT].data[index] === 0n) continue;
      const row = Number(id);
      touched.add(row);
      const from = index * hidden;
      const [word, position] = [row * hidden, (firstPosition + (index % tokens)) * hidden];
      for (let i = 0; i < hidden; i++) {
        const slope = embedded[from + i]!;
        words[word + i]! += slope;
        positions[position + i]! += slope;
        if (types !== null) types[i]! += slope;
      }
    }
    this.touched = [...touched];
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
