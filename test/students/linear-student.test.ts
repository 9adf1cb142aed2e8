/** The linear student keeps the port's promises. */
import { StudentSettings } from '../../src/contracts/index.js';
import { describeStudentKind } from './student-conformance.js';

describeStudentKind('linear', async () => StudentSettings.parse({ buckets: 4096, strengths: [1, 10] }));
