/** The optimiser's inner loops as a WebAssembly module of SIMD instructions, assembled here: several times as fast as the
 *  same loops in JavaScript. Opcodes are those of webassembly.github.io/spec/core/binary/instructions.html. */

/** Addresses are bytes, multiples of 16, in the imported memory; `end` is the address behind the last value. */
export interface AdamWCode {
  update(
    values: number,
    first: number,
    second: number,
    gradient: number,
    end: number,
    clip: number,
    rate: number,
    correction: number,
    kept: number,
  ): void;
  sumOfSquares(start: number, end: number): number;
}

export const FIRST_DECAY = 0.9;
export const SECOND_DECAY = 0.999;
export const EPSILON = 1e-8;

export function compileAdamW(memory: WebAssembly.Memory): AdamWCode {
  const module = new WebAssembly.Module(assemble());
  return new WebAssembly.Instance(module, { host: { memory } }).exports as AdamWCode;
}

type Code = readonly number[];

const I32 = 0x7f;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
const LANES_BYTES = 16;

function assemble(): Uint8Array<ArrayBuffer> {
  const types = vector([
    functionType([I32, I32, I32, I32, I32, F32, F32, F32, F32], []),
    functionType([I32, I32], [F64]),
  ]);
  const imports = vector([[...text('host'), ...text('memory'), 0x02, 0x00, 0x01]]);
  const functions = vector([[0], [1]]);
  const exports = vector([
    [...text('update'), 0x00, 0],
    [...text('sumOfSquares'), 0x00, 1],
  ]);
  const bodies = vector([sized(updateBody()), sized(sumBody())]);
  const sections = [
    section(1, types),
    section(2, imports),
    section(3, functions),
    section(7, exports),
    section(10, bodies),
  ];
  return Uint8Array.from([0x00, ...ascii('asm'), 1, 0, 0, 0, ...sections.flat()]);
}

/** Four values of a parameter in each turn. */
function updateBody(): Code {
  const [values, first, second, gradient, end, clip, rate, correction, kept] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(get) as [
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
  ];
  const [SLOPE, MEAN, SQUARE] = [9, 10, 11] as const;
  const [slope, mean, square] = [get(SLOPE), get(MEAN), get(SQUARE)];
  const turn = [
    set(SLOPE, multiply(load(gradient), splat(clip))),
    set(MEAN, add(multiply(load(first), constant(FIRST_DECAY)), multiply(slope, constant(1 - FIRST_DECAY)))),
    set(
      SQUARE,
      add(multiply(load(second), constant(SECOND_DECAY)), multiply(multiply(slope, slope), constant(1 - SECOND_DECAY))),
    ),
    store(first, mean),
    store(second, square),
    store(
      values,
      subtract(
        multiply(load(values), splat(kept)),
        divide(multiply(mean, splat(rate)), add(multiply(squareRoot(square), splat(correction)), constant(EPSILON))),
      ),
    ),
    ...[0, 1, 2, 3].map(advance),
  ].flat();
  return [...locals(3, V128), ...repeatWhile(turn, lessThan(values, end)), 0x0b];
}

/** In float64, two at a time, for float32 would lose what the last of millions of values add. */
function sumBody(): Code {
  const [start, end, SUM, VALUES] = [get(0), get(1), 2, 3] as const;
  const upper = simd(0x0d, [...get(VALUES), ...get(VALUES)], [8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 0, 0, 0, 0]);
  const squares = (two: Code) => simd(0xf2, [...two, ...two]);
  const turn = [
    ...set(VALUES, load(start)),
    ...set(SUM, simd(0xf0, [...get(SUM), ...squares(simd(0x5f, get(VALUES)))])),
    ...set(SUM, simd(0xf0, [...get(SUM), ...squares(simd(0x5f, upper))])),
    ...advance(0),
  ];
  const lane = (index: number) => simd(0x21, get(SUM), [index]);
  return [...locals(2, V128), ...repeatWhile(turn, lessThan(start, end)), ...lane(0), ...lane(1), 0xa0, 0x0b];
}

function get(local: number): Code {
  return [0x20, local];
}

function set(local: number, value: Code): Code {
  return [...value, 0x21, local];
}

function load(address: Code): Code {
  return simd(0x00, address, [4, 0]);
}

function store(address: Code, value: Code): Code {
  return simd(0x0b, [...address, ...value], [4, 0]);
}

function splat(number: Code): Code {
  return simd(0x13, number);
}

function constant(number: number): Code {
  return splat([0x43, ...new Uint8Array(Float32Array.of(number).buffer)]);
}

function squareRoot(a: Code): Code {
  return simd(0xe3, a);
}

function add(a: Code, b: Code): Code {
  return simd(0xe4, [...a, ...b]);
}

function subtract(a: Code, b: Code): Code {
  return simd(0xe5, [...a, ...b]);
}

function multiply(a: Code, b: Code): Code {
  return simd(0xe6, [...a, ...b]);
}

function divide(a: Code, b: Code): Code {
  return simd(0xe7, [...a, ...b]);
}

function simd(opcode: number, operands: Code, immediates: Code = []): Code {
  return [...operands, 0xfd, ...unsigned(opcode), ...immediates];
}

function advance(local: number): Code {
  return set(local, [...get(local), 0x41, LANES_BYTES, 0x6a]);
}

function lessThan(a: Code, b: Code): Code {
  return [...a, ...b, 0x49];
}

function repeatWhile(body: Code, condition: Code): Code {
  return [0x03, 0x40, ...body, ...condition, 0x0d, 0x00, 0x0b];
}

function locals(count: number, type: number): Code {
  return [0x01, count, type];
}

function functionType(parameters: Code, results: Code): Code {
  return [0x60, parameters.length, ...parameters, results.length, ...results];
}

function section(id: number, content: Code): Code {
  return [id, ...sized(content)];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(content: Code): Code {
  return [...unsigned(content.length), ...content];
}

function text(word: string): Code {
  return sized(ascii(word));
}

function ascii(word: string): number[] {
  return [...Buffer.from(word, 'ascii')];
}

/** LEB128. */
function unsigned(number: number): number[] {
  return number < 128 ? [number] : [(number % 128) | 128, ...unsigned(Math.floor(number / 128))];
}
