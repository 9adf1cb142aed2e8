export { runWorkers, type WorkerSettings } from './run-workers.js';
