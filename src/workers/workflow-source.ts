/** Where a worker gets the workflows from: the bundle that the build made. */
import { fileURLToPath } from 'node:url';

export const workflowBundle = { codePath: fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url)) };
