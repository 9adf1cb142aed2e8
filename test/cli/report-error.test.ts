/** Which exit code an error of the command line ends with. */
import { ApplicationFailure } from '@temporalio/common';
import { CommanderError } from 'commander';
import { ZodError } from 'zod';
import { ExitCode } from '../../src/cli/exit-codes.js';
import { reportError } from '../../src/cli/report-error.js';
import { FailureType } from '../../src/contracts/index.js';
import { s3Error } from '../../src/store/s3-error.js';
import { StoreAddressError } from '../../src/store/store.js';
import { SetupError, UsageError } from '../../src/temporal/index.js';

const ofS3 = (name: string) => s3Error('s3://bucket/x', 'PUT', { name, $metadata: { httpStatusCode: 400 } });
const failed = (type: string) => ApplicationFailure.nonRetryable('the run failed', type);
const named = (name: string) => Object.assign(new Error('no'), { name, namespace: 'mine', workflowId: 'a-run' });

describe('reportError', () => {
  let written: string;
  beforeEach(() => {
    written = '';
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written += text;
      return true;
    });
  });
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['help', new CommanderError(0, 'commander.help', ''), ExitCode.Ok],
    ['an unknown option', new CommanderError(1, 'commander.unknownOption', ''), ExitCode.InputRefused],
    ['a value that does not fit', new ZodError([]), ExitCode.InputRefused],
    ['options that contradict each other', new UsageError('both are given', 'Leave one out.'), ExitCode.InputRefused],
    ['a namespace that there is not', named('NamespaceNotFoundError'), ExitCode.InputRefused],
    ['an address that is none', new StoreAddressError('s3://: no bucket'), ExitCode.InputRefused],
    ['a bucket that there is not', ofS3('NoSuchBucket'), ExitCode.InputRefused],
    ['a key that the server does not take', ofS3('SignatureDoesNotMatch'), ExitCode.InputRefused],
    ['a server of S3 that fails', ofS3('InternalError'), ExitCode.Failed],
    ['no Temporal server', new SetupError('no server', 'Start one.'), ExitCode.Failed],
    ['a run that is not open', named('WorkflowNotFoundError'), ExitCode.Failed],
    ['a rejected run', failed(FailureType.Rejected), ExitCode.Rejected],
    [
      'a pilot whose teacher refuses',
      new SetupError('the pilot failed', 'Mend.', { cause: failed(FailureType.TeacherRefused) }),
      ExitCode.TeacherRefused,
    ],
  ])('%s', (_, error, code) => {
    expect(reportError(error, {})).toBe(code);
  });

  it('writes one line and what mends it', () => {
    reportError(new UsageError('both are given', 'Leave one out.'), {});
    expect(written).toBe('tutelage: both are given\n  Leave one out.\n');
  });
});
