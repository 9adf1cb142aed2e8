/** The address that people are sent to. */
import { hostname } from 'node:os';
import { listen } from '../../src/cli/http-server.js';

const app = { fetch: () => new Response('here') };

it.each([
  ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
  ['0.0.0.0', new RegExp(`^http://${hostname()}:\\d+$`)],
])('of a server on %s can be opened', async (host, expected) => {
  const server = await listen(app, { host, port: 0 });
  try {
    expect(server.address).toMatch(expected);
  } finally {
    await server.close();
  }
});
