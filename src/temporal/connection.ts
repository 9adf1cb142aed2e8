/** Which Temporal server is meant, and how to reach it: the same profiles and variables as the Temporal CLI's. */
import type { Client } from '@temporalio/client';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { dataConverter } from './data-converter.js';
import { SetupError, UsageError } from './setup-error.js';

/** A server, reachable or not. */
export interface Server {
  readonly namespace: string;
  /** Address, TLS, API key: taken alike by clients and workers. */
  readonly connection: ClientConnectConfig['connectionOptions'] & { readonly address: string };
}

/** Flags of the command line; they win over the environment. */
export interface ServerFlags {
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
}

const DEFAULT_NAMESPACE = 'default';
const CONNECT_TIMEOUT_MS = 10_000;

/** The server that the user names by flag, by TEMPORAL_ADDRESS or by a profile; null if none of them does.
 *  Throws SetupError when the profile is missing or unreadable, or a namespace is named without an address. */
export function configuredServer(env: NodeJS.ProcessEnv, flags: ServerFlags = {}): Server | null {
  const { namespace, connectionOptions } = loadProfile(env, flags.profile);
  const address = flags.address ?? connectionOptions.address;
  if (!address) {
    if (flags.namespace === undefined && connectionOptions.apiKey === undefined) return null;
    throw new UsageError(
      'a Temporal namespace or API key is given, but no address',
      'Give --address, TEMPORAL_ADDRESS or a profile that has one.',
    );
  }
  return {
    namespace: flags.namespace ?? namespace ?? DEFAULT_NAMESPACE,
    connection: { ...withoutUndefined(connectionOptions), address },
  };
}

/** A server on this machine, without TLS: the dev server. */
export function localServer(address: string): Server {
  return { namespace: DEFAULT_NAMESPACE, connection: { address } };
}

/** Connects. The caller closes client.connection. Throws SetupError when the server doesn't answer within 10 s. */
export async function createClient(server: Server, env: NodeJS.ProcessEnv): Promise<Client> {
  const converter = dataConverter(env);
  // Takes a third of a second: commands that need no server start faster without it, and `up` starts its workers meanwhile.
  const { Client, Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ ...server.connection, connectTimeout: CONNECT_TIMEOUT_MS }).catch(
    (error: unknown) => {
      throw noAnswer(server, error);
    },
  );
  return new Client({ connection, namespace: server.namespace, dataConverter: converter });
}

/** What to tell when a connection to the server fails. */
export function noAnswer(server: Server, cause: unknown): SetupError {
  return new SetupError(
    `no Temporal server answers at ${server.connection.address}`,
    'Check the address, or start a local server and workers with: tutelage up',
    { cause },
  );
}

function loadProfile(env: NodeJS.ProcessEnv, profile: string | undefined): ClientConnectConfig {
  const overrideEnvVars = withoutUndefined(env) as Record<string, string>;
  try {
    return loadClientConnectConfig({ overrideEnvVars, ...(profile === undefined ? {} : { profile }) });
  } catch (error) {
    throw new UsageError(
      `the Temporal profile can't be read: ${error instanceof Error ? error.message : String(error)}`,
      'Look at it with: temporal config list',
      { cause: error },
    );
  }
}

/** The SDK takes a key that is present and undefined for a value. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}
