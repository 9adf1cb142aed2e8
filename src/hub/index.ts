export { type DatasetFiles, openDataset } from './dataset.js';
export { downloadModel, type ModelRequest } from './download-model.js';
export { HubError, isFromFileSystem } from './hub-error.js';
export { type HubSettings, hubSettings } from './hub-settings.js';
