import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadStudent, studentKind } from '../../src/students/index.js';
import { emptyFolder } from './training-job.js';

describe('studentKind', () => {
  it('names the kinds there are when asked for another', () => {
    expect(() => studentKind('quadratic')).toThrow('student.kind "quadratic" does not exist: use "linear"');
  });
});

describe('loadStudent', () => {
  it('says which kind of a folder it does not know', async () => {
    const folder = emptyFolder();
    const config = { student_kind: 'quadratic', id2label: { '0': 'a', '1': 'b' } };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    await expect(loadStudent(folder)).rejects.toThrow('this version knows no student kind "quadratic"');
  });
});
