/** What is read of an encoder's folder, and what is refused, by name and before training. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readParameters } from '../../../src/students/encoder/encoder-folder.js';
import { readLicence } from '../../../src/students/encoder/encoder-licence.js';
import { encoderParameters } from '../../../src/students/encoder/encoder-parameters.js';
import { readEncoderShape } from '../../../src/students/encoder/encoder-shape.js';
import { openSafetensors, writeSafetensors } from '../../../src/students/encoder/safetensors.js';
import { readPooling, readPrefix, refuseUnpooledPrefix } from '../../../src/students/encoder/sentence-transformers.js';
import { openTokeniser } from '../../../src/students/encoder/tokeniser.js';
import { EncoderError } from '../../../src/students/index.js';
import { makeTinyEncoder } from './tiny-encoder.js';

let scratch: string;
let encoder: string;
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'encoder-'));
  encoder = await makeTinyEncoder(join(scratch, 'encoder'));
});
afterEach(() => rmSync(scratch, { recursive: true }));

function changeConfig(changes: Record<string, unknown>): void {
  const path = join(encoder, 'config.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
}

async function readAll(): Promise<string[]> {
  const shape = await readEncoderShape(encoder);
  const names: string[] = [];
  for await (const { parameter } of readParameters(encoder, shape, encoderParameters(shape)))
    names.push(parameter.name);
  return names;
}

describe('pooling', () => {
  it.each([
    [{ pooling_mode_mean_tokens: true }, 'mean'],
    [{ pooling_mode_cls_token: true }, 'first'],
    [{ pooling_mode: 'mean' }, 'mean'],
    [{ pooling_mode: ['cls'] }, 'first'],
  ])('%j is %s', async (modes, pooling) => {
    mkdirSync(join(encoder, '1_Pooling'));
    writeFileSync(join(encoder, '1_Pooling', 'config.json'), JSON.stringify(modes));
    expect(await readPooling(encoder)).toBe(pooling);
  });

  it('is the mean where nothing is said, and refused where it is another', async () => {
    expect(await readPooling(encoder)).toBe('mean');
    mkdirSync(join(encoder, '1_Pooling'));
    const both = { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true };
    for (const modes of [{ pooling_mode_max_tokens: true }, { pooling_mode: 'lasttoken' }, both]) {
      writeFileSync(join(encoder, '1_Pooling', 'config.json'), JSON.stringify(modes));
      await expect(readPooling(encoder)).rejects.toThrow('asks for neither mean nor CLS pooling alone');
    }
    writeFileSync(join(encoder, '1_Pooling', 'config.json'), '{');
    await expect(readPooling(encoder)).rejects.toThrow("1_Pooling/config.json can't be read");
  });
});

describe('the licence of an encoder', () => {
  it.each([
    ['---\nlanguage: en\nlicense: apache-2.0\n---\n# Encoder', 'apache-2.0'],
    ['---\r\nlicense:\r\n- mit\r\n- cc-by-4.0\r\n---\r\n', 'mit, cc-by-4.0'],
    ['---\nlicense: other\nlicense_name: open-weights\n---', 'open-weights'],
    ['---\nlanguage: en\n---', null],
    ['# Encoder\n---\nlicense: mit\n---', null],
    ['---\nlicense: [\n---', null],
    ['---\nlicense: "| <b>mine</b>"\n---', null],
  ])('of %j is %j', async (card, licence) => {
    writeFileSync(join(encoder, 'README.md'), card);
    expect(await readLicence(encoder)).toBe(licence);
  });

  it('is not known without a card', async () => {
    expect(await readLicence(encoder)).toBeNull();
  });
});

describe('the prefix of texts', () => {
  const prompts = { query: 'query: ', classification: 'classify: ', none: null };

  it.each([
    [{ prompts, default_prompt_name: 'query' }, 'query: '],
    [{ prompts, default_prompt_name: null }, 'classify: '],
    [{ prompts: { query: 'query: ' } }, ''],
    [{ prompts, default_prompt_name: 'none' }, ''],
    [{ __version__: {} }, ''],
  ])('is, by %j, "%s"', async (config, prefix) => {
    writeFileSync(join(encoder, 'config_sentence_transformers.json'), JSON.stringify(config));
    expect(await readPrefix(encoder)).toBe(prefix);
  });

  it('is none where nothing is said, and refused where it is left out of the pooling', async () => {
    expect(await readPrefix(encoder)).toBe('');
    mkdirSync(join(encoder, '1_Pooling'));
    writeFileSync(join(encoder, '1_Pooling', 'config.json'), JSON.stringify({ include_prompt: false }));
    await refuseUnpooledPrefix(encoder, '');
    await expect(refuseUnpooledPrefix(encoder, 'query: ')).rejects.toThrow('leaves the prefix out of the pooling');
  });
});

describe('an encoder', () => {
  it.each([
    [{ model_type: 'deberta-v2' }, /architecture "deberta-v2" is not supported: use a bert/],
    [{ hidden_act: 'relu' }, /activation "relu" is not supported/],
    [{ position_embedding_type: 'relative_key' }, /position_embedding_type "relative_key" is not supported/],
    [{ hidden_size: 'wide' }, /config\.json: hidden_size:/],
  ])('with %j is refused', async (changes, problem) => {
    changeConfig(changes);
    const reading = readEncoderShape(encoder);
    await expect(reading).rejects.toThrow(EncoderError);
    await expect(reading).rejects.toThrow(problem);
  });

  it('whose weights have other dimensions than config.json tells is refused', async () => {
    expect(await readAll()).toContain('layer.0.qkv.weight');
    changeConfig({ hidden_size: 8 });
    await expect(readAll()).rejects.toThrow(
      /word_embeddings\.weight" has dimensions \[\d+, 16\], config\.json tells \[\d+, 8\]/,
    );
  });

  it('whose weights lack a layer is refused with the name of the tensor', async () => {
    changeConfig({ num_hidden_layers: 2 });
    await expect(readAll()).rejects.toThrow('there is no tensor "encoder.layer.1.attention.self.query.weight"');
  });

  it('whose weights are cut short is refused', async () => {
    truncateSync(join(encoder, 'model.safetensors'), 9000);
    await expect(readAll()).rejects.toThrow(/the file ends before tensor/);
  });
});

describe('safetensors', () => {
  it('of types F16 and BF16 are read as the numbers they stand for', async () => {
    const halves = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7c00]; // 1, −2, 1/3, the least, infinity
    const brains = [0x3f80, 0xc000, 0x3eab]; // 1, −2, 1/3
    const header = JSON.stringify({
      half: { dtype: 'F16', shape: [5], data_offsets: [0, 10] },
      brain: { dtype: 'BF16', shape: [3], data_offsets: [10, 16] },
      whole: { dtype: 'I64', shape: [2], data_offsets: [0, 16] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const path = join(scratch, 'types.safetensors');
    writeFileSync(
      path,
      Buffer.concat([length, Buffer.from(header), Buffer.from(Uint16Array.of(...halves, ...brains).buffer)]),
    );
    const file = await openSafetensors(path);
    const half = await file.read('half');
    expect([half[0], half[1], half[3], half[4]]).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY]);
    expect(half[2]).toBeCloseTo(1 / 3, 3);
    const brain = await file.read('brain');
    expect([brain[0], brain[1]]).toEqual([1, -2]);
    expect(brain[2]).toBeCloseTo(1 / 3, 2);
    await expect(file.read('whole')).rejects.toThrow('tensor "whole" has type I64');
    await file.close();
  });

  it('are written so that they are read again, with their metadata', async () => {
    const path = join(scratch, 'written.safetensors');
    await writeSafetensors(path, [{ name: 'ä', dims: [2, 1], data: Float32Array.of(1, -0.5) }], { format: 'pt' });
    const file = await openSafetensors(path);
    expect([file.names, file.dims('ä'), file.metadata]).toEqual([['ä'], [2, 1], { format: 'pt' }]);
    expect([...(await file.read('ä'))]).toEqual([1, -0.5]);
    await file.close();
  });
});

describe('a tokeniser', () => {
  it('keeps the first and the last special token of a text that it cuts', async () => {
    const whole = (await openTokeniser(encoder, 24)).encode('sales rose in the quarter');
    expect(whole.cut).toBe(false);
    const { ids, cut } = (await openTokeniser(encoder, 4)).encode('sales rose in the quarter');
    expect(cut).toBe(true);
    expect(ids).toEqual([...whole.ids.slice(0, 3), whole.ids.at(-1)]);
  });

  it('puts the prefix before a text', async () => {
    const plain = await openTokeniser(encoder, 24);
    const prefixed = await openTokeniser(encoder, 24, 'Report says ');
    expect(prefixed.encode('sales rose').ids).toEqual(plain.encode('Report says sales rose').ids);
    // One without a normaliser of its own.
    const roberta = join(__dirname, 'fixtures', 'roberta');
    const [bare, asked] = [await openTokeniser(roberta, 24), await openTokeniser(roberta, 24, 'query: ')];
    expect(asked.encode('Sales rose').ids).toEqual(bare.encode('query: Sales rose').ids);
  });
});
