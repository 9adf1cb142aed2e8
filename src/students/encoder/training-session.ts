/** Runs training steps with onnxruntime: the weights are inputs that it reads in place, the gradients go to buffers. A run blocks
 *  the event loop, which turns after each. */
import { setImmediate } from 'node:timers/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnxModel, type OnnxModel } from '../onnx-model.js';
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
  /** The gradients' own arrays, by the names of the outputs. */
  private readonly outputs: Record<string, Tensor>;
  /** What the gradients are added to: 0 in a step's first part, then what stands in their arrays. */
  private readonly zeros: Record<string, Tensor>;
  private readonly sums: Record<string, Tensor>;
  private readonly pools: ReadonlyMap<number, DropoutPool>;
  private readonly embedded: Float32Array;
  private readonly loss = new Float32Array(1);
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
    const tensors = new Map(
      [...graph.gradients].map(([name, { dims }]) => {
        return [name, new Tensor('float32', gradients.get(name)!, dims as number[])] as const;
      }),
    );
    const zero = new Tensor('float32', new Float32Array(1), [1, 1]);
    const named = (values: TrainingGraph['gradients'], tensorOf: (name: string) => Tensor) =>
      Object.fromEntries([...values].map(([name, value]) => [value.name, tensorOf(name)]));
    this.zeros = named(graph.sums, () => zero);
    this.sums = named(graph.sums, (name) => tensors.get(name)!);
    this.outputs = named(graph.gradients, (name) => tensors.get(name)!);
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
    const session = await openSession(encodeOnnxModel(withoutCopies(graph.model)));
    return new TrainingSession(classifier, graph, session, gradients, options);
  }

  /** Fills the gradients of the parts' losses together, in nats, and returns their sum. */
  async run(parts: readonly Batch[], random: () => number): Promise<number> {
    this.clearRows();
    let loss = 0;
    for (const [index, part] of parts.entries()) {
      loss += await this.runPart(part, index === 0 ? this.zeros : this.sums, random);
    }
    return loss;
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private async runPart({ ids, targets }: Batch, sums: Record<string, Tensor>, random: () => number): Promise<number> {
    const inputs = padBatch(ids);
    const [texts, tokens] = inputs[IDS_INPUT].dims as [number, number];
    const feeds = { ...this.weights, ...sums, ...tensorsOf(inputs) };
    feeds[TARGETS_INPUT] = new Tensor('float32', Float32Array.from(targets.flat()), [texts, this.classifier.labels]);
    for (const { input, rate } of this.graph.dropoutMasks) {
      const dims = sizesOf(input, texts, tokens);
      feeds[input.name] = new Tensor('float32', this.pools.get(rate)!.mask(lengthOf(dims), random), dims);
    }
    const { embeddedGradient, loss } = this.graph;
    const dims = sizesOf(embeddedGradient, texts, tokens);
    const embedded = this.embedded.subarray(0, lengthOf(dims));
    await this.runWithoutCopies(feeds, {
      ...this.outputs,
      [loss.name]: new Tensor('float32', this.loss, []),
      [embeddedGradient.name]: new Tensor('float32', embedded, dims),
    });
    this.addRows(inputs, embedded);
    return this.loss[0]!;
  }

  /** Outputs go into the arrays of `into`. */
  private async runWithoutCopies(feeds: Record<string, Tensor>, into: Record<string, Tensor>): Promise<void> {
    try {
      await this.session.run(feeds, { ...into, [UNREADABLE]: null });
    } catch (error) {
      if (!(error as Error).message.includes(NO_TENSOR)) throw error;
    }
    await setImmediate();
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
    await setImmediate();
    return logits!.data as Float32Array;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

const UNREADABLE = 'unreadable';
/** What onnxruntime-node says of an output that is no tensor, once the run is over. */
const NO_TENSOR = 'Non tensor type';

/** onnxruntime-node copies all that was fetched once more, though it stands in the arrays that it was to go to: the gradients of all parameters for every part of
 *  a step. It does so in the order of the outputs and throws at the first that is no tensor, so an empty list before them spares it
 *  the rest. */
function withoutCopies(model: OnnxModel): OnnxModel {
  const nothing = { op: 'SequenceEmpty', inputs: [], outputs: [UNREADABLE] };
  const output = { name: UNREADABLE, type: 'sequence' as const, dims: [] };
  return { ...model, nodes: [nothing, ...model.nodes], outputs: [output, ...model.outputs] };
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
