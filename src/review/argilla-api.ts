/** A review through an Argilla server (version 2): a dataset is made there, and its responses are fetched. */
import { z } from 'zod';
import { AGENT, argillaRecords, argillaSettings, argillaSheet } from './argilla.js';
import type { Handout, Sheet } from './sheet.js';
import { callTool, ReviewToolError, readAnswer, type ToolApi } from './tool-api.js';

/** Makes a dataset of its own, publishes it and adds the records; nothing is left there when it fails. workspace: null
 *  takes the one that the key sees. Returns the dataset's address. Throws ReviewToolError. */
export async function pushToArgilla(
  handout: Handout,
  { url, key, name, workspace }: { url: string; key: string; name: string; workspace: string | null },
): Promise<string> {
  const api = argillaApi(url, key);
  const { fields, guidelines, metadata, questions } = argillaSettings(handout);
  const body = {
    name,
    guidelines,
    workspace_id: await workspaceId(api, workspace),
    allow_extra_metadata: true,
    distribution: { strategy: 'overlap', min_submitted: 1 },
  };
  const { id } = readAnswer(api, Identified, await callTool(api, 'POST', '/api/v1/datasets', body));
  const path = `/api/v1/datasets/${id}`;
  try {
    for (const field of fields) await callTool(api, 'POST', `${path}/fields`, field);
    const ids = new Map<string, string>();
    for (const question of questions) {
      const made = readAnswer(api, Identified, await callTool(api, 'POST', `${path}/questions`, question));
      ids.set(question.name, made.id);
    }
    for (const property of metadata) await callTool(api, 'POST', `${path}/metadata-properties`, property);
    await callTool(api, 'PUT', `${path}/publish`);
    const [question_id] = ids.values();
    const items = argillaRecords(handout).map(({ suggestion, id: external_id, ...record }) => ({
      ...record,
      external_id,
      suggestions: suggestion === null ? [] : [{ ...suggestion, question_id, agent: AGENT, type: 'model' }],
    }));
    for (let from = 0; from < items.length; from += RECORDS_A_CALL) {
      await callTool(api, 'POST', `${path}/records/bulk`, { items: items.slice(from, from + RECORDS_A_CALL) });
    }
  } catch (error) {
    await removeAgain(api, path, error);
    throw error;
  }
  return `${api.url}/dataset/${id}/annotation-mode`;
}

/** The dataset's submitted responses, as a review file. url: what pushToArgilla returned. Throws ReviewToolError. */
export async function pullFromArgilla(url: string, key: string): Promise<Sheet> {
  const found = /^(.*)\/dataset\/([0-9a-f-]{36})(?:\/|$)/.exec(url);
  if (found === null) throw new ReviewToolError(`${url} is no dataset: give http://HOST/dataset/ID`, null);
  const api = argillaApi(found[1]!, key);
  const records: unknown[] = [];
  for (;;) {
    const query = `include=responses&offset=${records.length}&limit=${RECORDS_A_CALL}`;
    const page = readAnswer(api, Page, await callTool(api, 'GET', `/api/v1/datasets/${found[2]}/records?${query}`));
    records.push(...page.items);
    if (page.items.length < RECORDS_A_CALL) break;
  }
  return argillaSheet(records, url, await userNames(api));
}

const RECORDS_A_CALL = 500;
const FORBIDDEN = 403;

const Identified = z.object({ id: z.string() });
const Page = z.object({ items: z.array(z.unknown()) });
const Workspaces = z.object({ items: z.array(z.object({ id: z.string(), name: z.string() })) });
const Users = z.object({ items: z.array(z.object({ id: z.string(), username: z.string() })) });

function argillaApi(address: string, key: string): ToolApi {
  return {
    tool: 'Argilla',
    url: address.replace(/\/+$/, ''),
    headers: async () => ({ 'x-argilla-api-key': key }),
  };
}

async function workspaceId(api: ToolApi, name: string | null): Promise<string> {
  const { items } = readAnswer(api, Workspaces, await callTool(api, 'GET', '/api/v1/me/workspaces'));
  const names = items.map((each) => each.name).join(', ');
  const chosen = name === null ? items : items.filter((each) => each.name === name);
  if (chosen.length === 1) return chosen[0]!.id;
  if (name !== null) throw new ReviewToolError(`Argilla has no workspace ${name}; the key sees: ${names}`, null);
  if (items.length > 0)
    throw new ReviewToolError(`the key sees several workspaces: choose by --workspace: ${names}`, null);
  return readAnswer(api, Identified, await callTool(api, 'POST', '/api/v1/workspaces', { name: NEW_WORKSPACE })).id;
}

/** Made where the key sees none. */
const NEW_WORKSPACE = 'tutelage';

/** Only owners may ask for names; others get numbers. */
async function userNames(api: ToolApi): Promise<Map<string, string>> {
  try {
    const { items } = readAnswer(api, Users, await callTool(api, 'GET', '/api/v1/users'));
    return new Map(items.map(({ id, username }) => [id, username]));
  } catch (error) {
    if (error instanceof ReviewToolError && error.status === FORBIDDEN) return new Map();
    throw error;
  }
}

async function removeAgain(api: ToolApi, path: string, cause: unknown): Promise<void> {
  try {
    await callTool(api, 'DELETE', path);
  } catch (error) {
    if (!(error instanceof ReviewToolError)) throw error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReviewToolError(`${why}; half a dataset is left there (${api.url}${path}): remove it`, null, { cause });
  }
}
