export { openFileStore } from './file-store.js';
export { isStoreAt, openRunStore, openStore, StoreNotSeenError } from './open-store.js';
export { workflowFolder } from './run-folder.js';
export {
  type ArtifactWriter,
  DamagedArtifactError,
  type Journal,
  MissingArtifactError,
  type Store,
  StoreAddressError,
} from './store.js';
