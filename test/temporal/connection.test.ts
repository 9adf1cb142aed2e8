import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { configuredServer, createClient, localServer, SetupError } from '../../src/temporal/index.js';
import { tempFolder } from './temp-folder.js';

/** An environment that doesn't see the developer's own profiles. */
function environment(variables: Record<string, string>, toml = '[profile.default]\n'): NodeJS.ProcessEnv {
  const file = join(tempFolder(), 'temporal.toml');
  writeFileSync(file, toml);
  return { TEMPORAL_CONFIG_FILE: file, ...variables };
}

describe('the configured server', () => {
  it('is none when neither flags nor variables nor a profile name an address', () => {
    expect(configuredServer(environment({}))).toBeNull();
    expect(configuredServer(environment({}), {})).toBeNull();
  });

  it('is taken from TEMPORAL_ADDRESS, in the namespace default', () => {
    expect(configuredServer(environment({ TEMPORAL_ADDRESS: 'temporal.example.com:7233' }))).toEqual({
      namespace: 'default',
      connection: { address: 'temporal.example.com:7233' },
    });
  });

  it('is taken from the profile that is asked for, with TLS and API key', () => {
    const toml = '[profile.prod]\naddress = "cloud.example.com:7233"\nnamespace = "nlp"\napi_key = "k3y"\n';
    const server = configuredServer(environment({}, toml), { profile: 'prod' });
    expect(server?.namespace).toBe('nlp');
    expect(server?.connection).toEqual({
      address: 'cloud.example.com:7233',
      apiKey: 'k3y',
      tls: true,
      metadata: undefined,
    });
  });

  it('is what the flags say, before variables and profile', () => {
    const env = environment({ TEMPORAL_ADDRESS: 'one:7233', TEMPORAL_NAMESPACE: 'first' });
    expect(configuredServer(env, { address: 'two:7233', namespace: 'second' })).toEqual({
      namespace: 'second',
      connection: { address: 'two:7233' },
    });
  });

  it('must have an address when a namespace or an API key is given', () => {
    expect(() => configuredServer(environment({}), { namespace: 'nlp' })).toThrow(/no address/);
    expect(() => configuredServer(environment({ TEMPORAL_API_KEY: 'k3y' }))).toThrow(SetupError);
  });

  it('can’t come from a profile that is not there', () => {
    expect(() => configuredServer(environment({}), { profile: 'missing' })).toThrow(/profile can't be read: .*missing/);
  });
});

describe('createClient', () => {
  it('says which address does not answer, and how to get a server', async () => {
    const port = await unusedPort();
    const error = await createClient(localServer(`127.0.0.1:${port}`), {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SetupError);
    expect((error as SetupError).message).toBe(`no Temporal server answers at 127.0.0.1:${port}`);
    expect((error as SetupError).mend).toContain('tutelage up');
  });
});

function unusedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
