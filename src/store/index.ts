export { openFileStore } from './file-store.js';
export { splitLines } from './lines.js';
export {
  isStoreAt,
  openBucket,
  openRunStore,
  openStore,
  StoreNotSeenError,
  storeAddress,
  uploadFile,
} from './open-store.js';
export { classificationFolder, workflowFolder } from './run-folder.js';
export type { ObjectEntry, S3Bucket } from './s3-bucket.js';
export { S3Error } from './s3-error.js';
export {
  type ArtifactWriter,
  DamagedArtifactError,
  type Journal,
  type Leftover,
  MissingArtifactError,
  type Store,
  StoreAddressError,
  type StoredFile,
} from './store.js';
