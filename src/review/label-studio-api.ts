/** A review through a Label Studio server: a project is made there, and its annotations are fetched. Tried with 1.23. */

import { z } from 'zod';
import { counted } from '../contracts/index.js';
import { labelStudioProject, labelStudioSheet } from './label-studio.js';
import type { Handout, Sheet } from './sheet.js';
import { callTool, ReviewToolError, readAnswer, request, type ToolApi } from './tool-api.js';

/** Makes a project of its own with configuration, instruction, tasks and predictions; nothing is left there when it fails.
 *  Returns the project's address. key: a personal access token, or a legacy one. Throws ReviewToolError. */
export async function pushToLabelStudio(
  handout: Handout,
  { url, key, title }: { url: string; key: string; title: string },
): Promise<string> {
  const api = labelStudioApi(url, key);
  const { tasks, ...settings } = labelStudioProject(handout);
  const body = { ...settings, title: title.padEnd(3).slice(0, LONGEST_TITLE), show_instruction: true };
  const project = readAnswer(api, Created, await callTool(api, 'POST', '/api/projects', body));
  const path = `/api/projects/${project.id}`;
  try {
    let taken = 0;
    for (let from = 0; from < tasks.length; from += TASKS_A_CALL) {
      const some = tasks.slice(from, from + TASKS_A_CALL);
      taken += readAnswer(api, Imported, await callTool(api, 'POST', `${path}/import`, some)).task_count;
    }
    if (taken !== tasks.length) {
      throw new ReviewToolError(`Label Studio took ${taken} of ${counted(tasks.length, 'task')}`, null);
    }
  } catch (error) {
    await removeAgain(api, path, error);
    throw error;
  }
  return `${api.url}/projects/${project.id}`;
}

/** The project's annotations, as a review file. url: what pushToLabelStudio returned, with or without a page of it. Throws ReviewToolError. */
export async function pullFromLabelStudio(url: string, key: string): Promise<Sheet> {
  const found = /^(.*)\/projects\/(\d+)(?:\/|$)/.exec(url);
  if (found === null) throw new ReviewToolError(`${url} is no project: give http://HOST/projects/NUMBER`, null);
  const api = labelStudioApi(found[1]!, key);
  const exported = await callTool(
    api,
    'GET',
    `/api/projects/${found[2]}/export?exportType=JSON&download_all_tasks=true`,
  );
  const users = readAnswer(api, Users, await callTool(api, 'GET', '/api/users'));
  return labelStudioSheet(exported, url, new Map(users.map(({ email, id }) => [id, email])));
}

const LONGEST_TITLE = 50;
/** A call is one transaction of the server: it should end within its time-out. */
const TASKS_A_CALL = 500;

const Created = z.object({ id: z.number() });
const Imported = z.object({ task_count: z.number() });
const Users = z.array(z.object({ id: z.number(), email: z.string() }));
const Refreshed = z.object({ access: z.string() });

/** A personal access token (a JWT) buys tokens that last for minutes; one is bought for each call. */
function labelStudioApi(address: string, key: string): ToolApi {
  const [tool, url] = ['Label Studio', address.replace(/\/+$/, '')];
  const personal = key.split('.').length === 3;
  return {
    tool,
    url,
    async headers() {
      if (!personal) return { authorization: `Token ${key}` };
      const path = '/api/token/refresh/';
      const answer = await request({ tool, url }, { method: 'POST', path, body: { refresh: key }, headers: {} });
      return { authorization: `Bearer ${readAnswer({ tool }, Refreshed, answer).access}` };
    },
  };
}

async function removeAgain(api: ToolApi, path: string, cause: unknown): Promise<void> {
  try {
    await callTool(api, 'DELETE', `${path}/`);
  } catch (error) {
    if (!(error instanceof ReviewToolError)) throw error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ReviewToolError(`${why}; half a project is left there (${api.url}${path}): remove it`, null, { cause });
  }
}
