/** What an encoder is refused for before anything is paid for, and the commit that its revision is pinned to. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncoderSettings, FrozenSettings, LadderSettings } from '../../../src/contracts/index.js';
import { EncoderError, pinEncoder, pinEncoders } from '../../../src/students/index.js';
import { COMMIT, type HubServer, startHubServer } from '../../hub/hub-server.js';
import { makeTinyEncoder } from './tiny-encoder.js';

const REPOSITORY = 'someone/tiny';
const FILES = ['config.json', 'tokenizer.json', 'model.safetensors'];

let folder: string;
let encoder: string;
let server: HubServer | null;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pin-'));
  encoder = await makeTinyEncoder(join(folder, 'encoder'));
  server = null;
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

async function onHub(files = FILES): Promise<HubServer> {
  server = await startHubServer(
    REPOSITORY,
    Object.fromEntries(files.map((file) => [file, readFileSync(join(encoder, file))])),
  );
  return server;
}

function pin(name: string, { trainsHere = true, ...more }: { trainsHere?: boolean; HF_HUB_OFFLINE?: string } = {}) {
  const env = { HF_ENDPOINT: server?.endpoint ?? 'http://127.0.0.1:9', HF_HUB_CACHE: join(folder, 'cache'), ...more };
  return pinEncoder(EncoderSettings.parse({ kind: 'encoder', encoder: name }), { env, trainsHere });
}

describe('pinEncoder', () => {
  it("puts the commit in the place of the Hub's branch, and fetches no weights for it", async () => {
    const { downloads } = await onHub();
    expect((await pin(REPOSITORY)).revision).toBe(COMMIT);
    expect(downloads).toEqual(['GET config.json']);
    expect((await pin(encoder)).revision).toBe('main');
  });

  it('refuses what lacks a file, has another architecture, or is not there', async () => {
    await onHub(['config.json', 'model.safetensors']);
    await expect(pin(REPOSITORY)).rejects.toThrow('it has no tokenizer.json');
    await expect(pin('someone/else')).rejects.toThrow(/student.encoder someone\/else .* no such model or revision/);
    await expect(pin('./nowhere')).rejects.toThrow('there is no such folder on this machine');
    rmSync(join(encoder, 'tokenizer.json'));
    await expect(pin(encoder)).rejects.toThrow('it has no tokenizer.json');
    await makeTinyEncoder(encoder, { model_type: 'deberta-v2' });
    await expect(pin(encoder)).rejects.toThrow('architecture "deberta-v2" is not supported');
    // As XLM-RoBERTa large.
    const sizes = { vocab_size: 250_002, hidden_size: 1024, num_hidden_layers: 24, intermediate_size: 4096 };
    await makeTinyEncoder(encoder, { ...sizes, max_position_embeddings: 514 });
    await expect(pin(encoder)).rejects.toThrow(
      "it has 558 million parameters, and a student's file holds 536 million: use a smaller one",
    );
  });

  it('refuses what is too large to be trained, by its kind, and poolings that are not supported', async () => {
    // As BERT large.
    const sizes = { vocab_size: 30_522, hidden_size: 1024, num_hidden_layers: 24, intermediate_size: 4096 };
    await makeTinyEncoder(encoder, sizes);
    await expect(pin(encoder)).rejects.toThrow('it has 302 million parameters, and 268 million can be trained');
    await onHub();
    await expect(pin(REPOSITORY)).rejects.toThrow('it has 302 million parameters, and 268 million can be trained');
    const place = { env: {}, trainsHere: true };
    const frozen = FrozenSettings.parse({ kind: 'frozen', encoder, maxMemoryMb: 8000 });
    expect(await pinEncoder(frozen, place)).toEqual(frozen);
    await expect(pinEncoder({ ...frozen, maxMemoryMb: 1000 }, place)).rejects.toThrow(
      /training it needs 60\d\d MB and more, and student.maxMemoryMb is 1000: raise it, or use a smaller encoder/,
    );
    // As XLM-RoBERTa base, two thirds of which are words: the export holds them all, whatever the texts need.
    const words = { vocab_size: 250_002, hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12 };
    await makeTinyEncoder(encoder, { ...words, intermediate_size: 3072, max_position_embeddings: 514 });
    await expect(pin(encoder)).rejects.toThrow(/training it needs 50\d\d MB and more, and student.maxMemoryMb is 4096/);
    await makeTinyEncoder(encoder);
    mkdirSync(join(encoder, '1_Pooling'));
    writeFileSync(join(encoder, '1_Pooling', 'config.json'), '{"pooling_mode_max_tokens": true}');
    await expect(pin(encoder)).rejects.toThrow('asks for neither mean nor CLS pooling alone');
  });

  it('leaves to the training what only another machine may have, and a Hub that does not answer', async () => {
    const elsewhere = { trainsHere: false };
    expect((await pin('./nowhere', elsewhere)).revision).toBe('main');
    expect((await pin(REPOSITORY)).revision).toBe('main');
    expect((await pin(REPOSITORY, { ...elsewhere, HF_HUB_OFFLINE: '1' })).revision).toBe('main');
    await expect(pin(REPOSITORY, { HF_HUB_OFFLINE: '1' })).rejects.toThrow(EncoderError);
  });

  it('tells what it could not look at, and the steps that a ladder will do without', async () => {
    const unseen: string[] = [];
    const env = { HF_ENDPOINT: 'http://127.0.0.1:9', HF_HUB_CACHE: join(folder, 'cache') };
    const place = { env, trainsHere: false, onUnseen: (what: string) => unseen.push(what) };
    await makeTinyEncoder(encoder, { model_type: 'deberta-v2' });
    const steps = [{ kind: 'linear' }, { kind: 'frozen', encoder: './nowhere' }, { kind: 'encoder', encoder }];
    const ladder = LadderSettings.parse({ kind: 'ladder', steps });
    expect(await pinEncoders(ladder, place)).toEqual(ladder);
    await pinEncoders(EncoderSettings.parse({ kind: 'encoder', encoder: REPOSITORY }), place);
    expect(unseen.sort()).toEqual([
      'student.encoder ./nowhere is not on this machine; the workers that train must see it',
      expect.stringMatching(/architecture "deberta-v2" is not supported.*; the ladder will do without that step$/),
      expect.stringMatching(/^student\.encoder someone\/tiny could not be looked at: .*127\.0\.0\.1:9/),
    ]);
  });
});
