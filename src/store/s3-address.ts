/** Addresses of the form s3://bucket/prefix. */
import { StoreAddressError } from './store.js';

export interface S3Address {
  readonly bucket: string;
  /** Without slashes at its ends; '': the whole bucket. */
  readonly prefix: string;
  /** The one spelling of the address. */
  readonly uri: string;
}

export function isS3Address(location: string): boolean {
  return /^s3:\/\//i.test(location);
}

/** Throws StoreAddressError. */
export function parseS3Address(location: string): S3Address {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(\/.*)?$/i.exec(location) ?? [];
  const names = path.split('/').filter((name) => name !== '');
  if (bucket === undefined || names.some((name) => name === '.' || name === '..' || /[?#\\]/.test(name))) {
    throw new StoreAddressError(`store: ${location} can't be used; write s3://BUCKET or s3://BUCKET/PREFIX`);
  }
  const prefix = names.join('/');
  return { bucket, prefix, uri: prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}` };
}
