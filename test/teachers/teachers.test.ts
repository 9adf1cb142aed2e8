import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TeacherSettings } from '../../src/contracts/index.js';
import { createTeacher, type ReplayServer, startReplayServer, type Teacher } from '../../src/teachers/index.js';
import { recordingFile, settingsOf } from './sentiment-task.js';
import { itConforms, RECORDED } from './teacher-conformance.js';

const providers: Array<[string, boolean, (file: string, url: string) => Partial<TeacherSettings>]> = [
  ['huggingface', true, (_, url) => ({ url })],
  [
    'text-generation',
    true,
    (_, url) => ({ url: url.replace('/v1', ''), model: 'replay', provider: 'text-generation' }),
  ],
  ['recorded', false, (replies) => ({ replies, model: 'replay', provider: 'recorded' })],
];

describe.each(providers)('the teacher of provider %s', (_, takesTime, changes) => {
  let server: ReplayServer;
  let teacher: Teacher;

  beforeAll(async () => {
    const file = await recordingFile(RECORDED);
    server = await startReplayServer({ replies: file, latencyMs: 20 });
    teacher = await createTeacher(settingsOf(changes(file, server.url)), {
      env: {},
      readRecording: (path) => createInterface({ input: createReadStream(path) }),
    });
  });

  afterAll(async () => {
    await teacher.close();
    await server.close();
  });

  itConforms(() => ({ teacher, takesTime }));
});
