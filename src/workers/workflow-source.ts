/** Where a worker gets the workflows from. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '@temporalio/worker';

const bundlePath = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
const workflowsPath = fileURLToPath(new URL('../../dist/workflows/index.js', import.meta.url));

/** The bundle that the build made; without one, the built workflows, which the worker then bundles at its start (3 s). */
export function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  return existsSync(bundlePath) ? { workflowBundle: { codePath: bundlePath } } : { workflowsPath };
}
