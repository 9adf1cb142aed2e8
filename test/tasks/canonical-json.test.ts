/** The same value always has the same spelling. */
import { canonicalJson } from '../../src/tasks/index.js';

describe('canonicalJson', () => {
  it('sorts keys at every depth by UTF-16 code units and keeps the order of lists', () => {
    expect(canonicalJson({ b: [2, 1, { z: null, y: true }], a: 'ä', B: 0.5 })).toBe(
      '{"B":0.5,"a":"ä","b":[2,1,{"y":true,"z":null}]}',
    );
  });

  it('leaves out keys whose value is undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [() => 1], [[undefined]]])(
    'refuses what JSON would change: %s',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});
