/** The deployed student of a task, kept up to date: another version takes over without a request being lost. */
import { counted, inNumber, type ModelVersion } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { type Student, studentKind } from '../students/index.js';
import { fetchModel } from './model-cache.js';
import { versionToAnswer } from './registry.js';

/** So many texts wait already that no more are taken. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  constructor(
    readonly waiting: number,
    readonly most: number,
  ) {
    super(
      `${counted(waiting, 'text')} ${inNumber(waiting, 'waits', 'wait')} for an answer, and ${most} may: ask again later`,
    );
  }
}

export interface LiveOptions {
  readonly store: Store;
  readonly task: string;
  /** null: whichever is deployed. */
  readonly version: number | null;
  readonly cacheFolder: string;
  readonly maxWaitingTexts: number;
}

export interface LiveAnswer {
  readonly model: ModelVersion;
  /** [texts][labels], in the order of the model's labels. */
  readonly probabilities: number[][];
}

/** A loaded version. It is closed once another has taken over and all that was asked of it is answered. */
interface Serving {
  readonly model: ModelVersion;
  readonly student: Student;
  asked: number;
  retired: boolean;
}

export class LiveStudent {
  private waiting = 0;
  /** A look for another version; one at a time. */
  private refreshing: Promise<boolean> | null = null;

  private constructor(
    private readonly options: LiveOptions,
    private serving: Serving,
  ) {}

  /** Throws RegistryError where there is no such version or none is deployed, DamagedArtifactError, StudentFolderError. */
  static async open(options: LiveOptions): Promise<LiveStudent> {
    return new LiveStudent(options, await load(options, await wantedVersion(options)));
  }

  get model(): ModelVersion {
    return this.serving.model;
  }

  get waitingTexts(): number {
    return this.waiting;
  }

  /** Throws OverloadedError. A text list longer than all that may wait is taken when nothing else waits. */
  async predict(texts: readonly string[]): Promise<LiveAnswer> {
    const most = this.options.maxWaitingTexts;
    if (this.waiting > 0 && this.waiting + texts.length > most) throw new OverloadedError(this.waiting, most);
    const { serving } = this;
    this.waiting += texts.length;
    serving.asked++;
    try {
      return { model: serving.model, probabilities: await serving.student.predict(texts) };
    } finally {
      this.waiting -= texts.length;
      serving.asked--;
      await closeWhenDone(serving);
    }
  }

  /** Looks whether another version is deployed by now, and lets it take over once it is loaded. true: it has. */
  refresh(): Promise<boolean> {
    this.refreshing ??= this.takeOver().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  /** Answers what was asked, then frees the model. */
  async close(): Promise<void> {
    await this.refreshing?.catch(() => false);
    this.serving.retired = true;
    await closeWhenDone(this.serving);
  }

  private async takeOver(): Promise<boolean> {
    const wanted = await wantedVersion(this.options);
    if (wanted.version === this.serving.model.version) return false;
    const next = await load(this.options, wanted);
    const before = this.serving;
    this.serving = next;
    before.retired = true;
    await closeWhenDone(before);
    return true;
  }
}

function wantedVersion({ store, task, version }: LiveOptions): Promise<ModelVersion> {
  return versionToAnswer(store, task, version);
}

async function load({ cacheFolder, store }: LiveOptions, model: ModelVersion): Promise<Serving> {
  const folder = await fetchModel(store, model, cacheFolder);
  return { model, student: await studentKind(model.kind).load(folder), asked: 0, retired: false };
}

async function closeWhenDone(serving: Serving): Promise<void> {
  if (serving.retired && serving.asked === 0) await serving.student.close();
}
