import { TokenBucket } from '../../../src/teachers/token-bucket.js';

describe('A token bucket', () => {
  it('without a rate never lets anyone wait', () => {
    const bucket = new TokenBucket(0);
    bucket.take(1e9, 0);
    expect(bucket.waitMs(1e9, 0)).toBe(0);
  });

  it('holds a second of its rate and fills again steadily', () => {
    const bucket = new TokenBucket(0);
    bucket.setRate(10, 0);
    for (let call = 0; call < 10; call++) {
      expect(bucket.waitMs(1, 0)).toBe(0);
      bucket.take(1, 0);
    }
    expect(bucket.waitMs(1, 0)).toBe(100);
    expect(bucket.waitMs(1, 60)).toBe(40);
    expect(bucket.waitMs(1, 100)).toBe(0);
    // Saved up over an hour is no more than one second's worth.
    expect(bucket.waitMs(10, 3_600_000)).toBe(0);
    bucket.take(10, 3_600_000);
    expect(bucket.waitMs(1, 3_600_000)).toBe(100);
  });

  it('lets one pass that needs more than it holds, and later ones wait for it', () => {
    const bucket = new TokenBucket(0);
    bucket.setRate(10, 0);
    expect(bucket.waitMs(30, 0)).toBe(0);
    bucket.take(30, 0);
    // 20 in debt, and 1 wanted.
    expect(bucket.waitMs(1, 0)).toBe(2100);
  });

  it('takes back what was too much', () => {
    const bucket = new TokenBucket(0);
    bucket.setRate(10, 0);
    bucket.take(10, 0);
    bucket.take(-4, 0);
    expect(bucket.waitMs(4, 0)).toBe(0);
    expect(bucket.waitMs(5, 0)).toBe(100);
  });

  it('can be told that nothing is left', () => {
    const bucket = new TokenBucket(0);
    bucket.setRate(10, 0);
    bucket.drain(0);
    expect(bucket.waitMs(1, 0)).toBe(100);
  });
});
