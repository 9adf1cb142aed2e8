/** Downloads from a stand-in for the Hub: cache layout, resumption, digests, and work without a network. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadModel, HubError, hubSettings } from '../../src/hub/index.js';
import { COMMIT, type HubServer, startHubServer } from './hub-server.js';

const REPOSITORY = 'someone/tiny';
const WEIGHTS = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 251));
const CONFIG = Buffer.from('{"model_type": "bert"}');
const REQUEST = {
  repository: REPOSITORY,
  revision: 'main',
  required: ['config.json', 'model.safetensors'],
  optional: ['1_Pooling/config.json', 'absent.json'],
};

let cache: string;
let server: HubServer;
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'hub-'));
  const files = {
    'config.json': CONFIG,
    'model.safetensors': WEIGHTS,
    '1_Pooling/config.json': CONFIG,
    'big.bin': WEIGHTS,
  };
  server = await startHubServer(REPOSITORY, files);
});
afterEach(async () => {
  await server.close();
  rmSync(cache, { recursive: true });
});

const settings = (more: Record<string, string> = {}) =>
  hubSettings({ HF_ENDPOINT: server.endpoint, HF_HUB_CACHE: cache, ...more });
const offline = () => settings({ HF_HUB_OFFLINE: '1' });
const blobs = () => readdirSync(join(cache, 'models--someone--tiny', 'blobs'));

describe('downloadModel', () => {
  it("fetches the wanted files into the layout of Python's cache, once", async () => {
    const folder = await downloadModel(REQUEST, settings());
    expect(folder).toBe(join(cache, 'models--someone--tiny', 'snapshots', COMMIT));
    expect(readdirSync(folder).sort()).toEqual(['1_Pooling', 'config.json', 'model.safetensors']);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
    const sha256 = createHash('sha256').update(WEIGHTS).digest('hex');
    expect(readlinkSync(join(folder, 'model.safetensors'))).toBe(`../../blobs/${sha256}`);
    expect(readFileSync(join(cache, 'models--someone--tiny', 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(server.downloads).toHaveLength(2);
    await downloadModel(REQUEST, settings());
    expect(server.downloads).toHaveLength(2);
  });

  it('goes on where a broken download ended', async () => {
    const request = { ...REQUEST, required: ['model.safetensors'], optional: [] };
    server.breakAfter = 40_000;
    await expect(downloadModel(request, settings())).rejects.toThrow('what came is kept for the next attempt');
    const folder = await downloadModel(request, settings());
    expect(server.downloads).toEqual([
      'GET model.safetensors',
      expect.stringMatching(/^GET model\.safetensors bytes=\d+-$/),
    ]);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
  });

  it('goes on with what a killed process left, and leaves alone what another one is writing', async () => {
    const request = { ...REQUEST, required: ['model.safetensors'], optional: [] };
    const folder = join(cache, 'models--someone--tiny', 'blobs');
    mkdirSync(folder, { recursive: true });
    const part = `${createHash('sha256').update(WEIGHTS).digest('hex')}.incomplete.${hostname()}`;
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(join(folder, `${part}.${dead}`), WEIGHTS.subarray(0, 1000));
    writeFileSync(join(folder, `${part}.${process.ppid}`), WEIGHTS.subarray(0, 2000));
    await downloadModel(request, settings());
    expect(server.downloads).toEqual(['GET model.safetensors bytes=1000-']);
    expect(blobs().filter((name) => name.includes('incomplete'))).toEqual([`${part}.${process.ppid}`]);
  });

  it('fetches a file once for all that want it at the same time', async () => {
    const folders = await Promise.all([1, 2, 3].map(() => downloadModel(REQUEST, settings())));
    expect(new Set(folders).size).toBe(1);
    expect(server.downloads.sort()).toEqual(['GET config.json', 'GET model.safetensors']);
  });

  it('is refused for good what the token may not read, and says what would do', async () => {
    server.refusedWith = 403;
    const refused = downloadModel(REQUEST, settings());
    await expect(refused).rejects.toMatchObject({ name: 'HubError', refused: true });
    await expect(refused).rejects.toThrow(/config.json: HTTP 403: HF_TOKEN may not read it; .* accept terms/);
    server.refusedWith = 503;
    await expect(downloadModel(REQUEST, settings())).rejects.toMatchObject({ name: 'HubError', refused: false });
  });

  it("is refused a cache that can't be written, and names it", async () => {
    const blocked = join(cache, 'blocked');
    writeFileSync(blocked, 'a file where the folder should be');
    const refused = downloadModel(REQUEST, settings({ HF_HUB_CACHE: blocked }));
    await expect(refused).rejects.toMatchObject({ name: 'HubError', refused: true });
    await expect(refused).rejects.toThrow(`the cache ${blocked} can't be written (ENOTDIR`);
    await expect(refused).rejects.toThrow('or set HF_HUB_CACHE to a folder elsewhere');
  });

  it('names an endpoint that is no Hub', async () => {
    const portal = createServer((_, response) => response.end('<html>Log in</html>')).listen(0, '127.0.0.1');
    await once(portal, 'listening');
    const endpoint = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
    const refused = downloadModel(REQUEST, settings({ HF_ENDPOINT: endpoint }));
    await expect(refused).rejects.toThrow(`${endpoint} answers revision main without its commit`);
    portal.closeAllConnections();
    portal.close();
  });

  it('keeps nothing of a file with another digest', async () => {
    server.falsified = Buffer.alloc(WEIGHTS.length);
    await expect(downloadModel(REQUEST, settings())).rejects.toThrow(/has digest [0-9a-f]+ instead of [0-9a-f]+/);
    expect(blobs()).toEqual([]);
    server.falsified = null;
    expect(existsSync(join(await downloadModel(REQUEST, settings()), 'config.json'))).toBe(true);
  });

  it('asks nothing of the network when HF_HUB_OFFLINE is set, by branch and by commit', async () => {
    const online = await downloadModel(REQUEST, settings());
    await server.close();
    expect(await downloadModel(REQUEST, offline())).toBe(online);
    expect(await downloadModel({ ...REQUEST, revision: COMMIT }, offline())).toBe(online);
    await expect(downloadModel({ ...REQUEST, revision: 'v2' }, offline())).rejects.toThrow(
      'HF_HUB_OFFLINE is set, and the cache lacks config.json of revision v2',
    );
  });

  it('asks nothing of the network for a commit that was fetched before, so that an outage of the Hub ends no training', async () => {
    const request = { ...REQUEST, revision: COMMIT };
    const before = await downloadModel(request, settings());
    const gone = settings();
    await server.close();
    expect(await downloadModel(request, gone)).toBe(before);
  });

  it('names a model, a revision or a file that there is not, and a server that does not answer', async () => {
    const refusal = downloadModel({ ...REQUEST, repository: 'someone/else' }, settings());
    await expect(refusal).rejects.toThrow(HubError);
    await expect(refusal).rejects.toThrow(/someone\/else .* no such model or revision, or HF_TOKEN may not read it/);
    const lacking = { ...REQUEST, required: ['tokenizer.json'] };
    await expect(downloadModel(lacking, settings())).rejects.toThrow('it has no tokenizer.json');
    const nowhere = settings({ HF_ENDPOINT: 'http://127.0.0.1:9' });
    await expect(downloadModel(REQUEST, nowhere)).rejects.toThrow('http://127.0.0.1:9 does not answer');
  });
});

describe('hubSettings', () => {
  it('finds the cache where Python does', () => {
    expect(hubSettings({ HF_HOME: '/hf' }).cacheFolder).toBe('/hf/hub');
    expect(hubSettings({ XDG_CACHE_HOME: '/cache' }).cacheFolder).toBe('/cache/huggingface/hub');
    expect(hubSettings({ HF_HUB_CACHE: '/mine', HF_HOME: '/hf' }).cacheFolder).toBe('/mine');
    expect(hubSettings({}).endpoint).toBe('https://huggingface.co');
  });
});
