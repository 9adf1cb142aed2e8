import { ActivityFailure, ApplicationFailure, defaultPayloadConverter, RetryState } from '@temporalio/common';
import { failureConverter } from '../../src/temporal/failure-converter.js';
import { scrubSecrets } from '../../src/temporal/index.js';

const convert = (error: unknown) => failureConverter.errorToFailure(error, defaultPayloadConverter);

describe('secrets in failures', () => {
  it.each([
    ['GET https://anna:s3cret@llm.example.com/v1 failed', 'GET https://***@llm.example.com/v1 failed'],
    ['https://x.example.com/v1?api_key=abc123&limit=5', 'https://x.example.com/v1?api_key=***&limit=5'],
    ['https://x.example.com/?q=1&X-Amz-Signature=0a1b2c', 'https://x.example.com/?q=1&X-Amz-Signature=***'],
    ['https://x.example.com/?access_token=t0k"', 'https://x.example.com/?access_token=***"'],
    ['Authorization: Bearer abcdef.ghi-jkl', 'Authorization: Bearer ***'],
    ['the key hf_AbCdEfGhIj is refused', 'the key hf_*** is refused'],
    ['the key sk-proj-AbCdEf_123 is refused', 'the key sk-*** is refused'],
  ])('are masked in %j', (message, scrubbed) => {
    expect(scrubSecrets(message)).toBe(scrubbed);
  });

  it.each([
    'the label "risk-averse-and-more" is not one of the labels',
    'votes.plan[0].maxTokens: 40000 is too large; at most 32768',
    'http://localhost:8000/v1 answered 404',
    'see user@example.com',
  ])('leaves %j as it is', (message) => {
    expect(scrubSecrets(message)).toBe(message);
  });

  it('are masked in the stack trace and in every cause', () => {
    const root = new Error('root with hf_0123456789');
    const middle = new Error('middle with Bearer 0123456789', { cause: root });
    const failure = convert(new ApplicationFailure('top with sk-0123456789', 'T', true, [], middle));
    expect(failure.message).toBe('top with sk-***');
    expect(failure.cause?.message).toBe('middle with Bearer ***');
    expect(failure.cause?.cause?.message).toBe('root with hf_***');
    expect(JSON.stringify(failure)).not.toContain('0123456789');
    expect(failure.cause?.cause?.stackTrace).toMatch(/^Error: root with hf_\*\*\*\n\s+at /);
  });

  it('are masked in a failure that came from the server and is handed through', () => {
    const received = failureConverter.failureToError(
      {
        message: 'Activity task failed',
        activityFailureInfo: { activityType: { name: 'ask' } },
        cause: { message: 'refused hf_0123456789', applicationFailureInfo: { type: 'TeacherRefused' } },
      },
      defaultPayloadConverter,
    );
    expect(received).toBeInstanceOf(ActivityFailure);
    const again = convert(received);
    expect(again.cause?.message).toBe('refused hf_***');
    expect(again.cause?.applicationFailureInfo?.type).toBe('TeacherRefused');
  });

  it('keeps type, retryability and details of an application failure', () => {
    const failure = convert(ApplicationFailure.nonRetryable('no', 'InvalidInput', { field: 'labels' }));
    expect(failure.applicationFailureInfo).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
    const back = failureConverter.failureToError(failure, defaultPayloadConverter);
    expect(back).toBeInstanceOf(ApplicationFailure);
    expect((back as ApplicationFailure).details).toEqual([{ field: 'labels' }]);
  });
});

describe('long messages', () => {
  it('are cut to 2,000 characters, saying how much is gone, in message and stack trace', () => {
    const failure = convert(new Error('x'.repeat(5_000)));
    expect(failure.message).toBe(`${'x'.repeat(1_950)} [3050 more characters]`);
    expect(failure.stackTrace).not.toContain('x'.repeat(1_951));
    expect(failure.stackTrace).toMatch(/more characters\]\n\s+at /);
  });

  it('are left alone up to 2,000 characters', () => {
    expect(convert(new Error('x'.repeat(2_000))).message).toBe('x'.repeat(2_000));
  });

  it('are not cut again on their way through another failure', () => {
    const first = convert(new Error('x'.repeat(5_000)));
    const wrapped = new ActivityFailure(
      'failed',
      'ask',
      '1',
      RetryState.MAXIMUM_ATTEMPTS_REACHED,
      'worker',
      failureConverter.failureToError(first, defaultPayloadConverter),
    );
    expect(convert(wrapped).cause?.message).toBe(first.message);
  });
});
