/** The environment variables that the Hub's own tools obey. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface HubSettings {
  readonly endpoint: string;
  /** Shared with huggingface_hub in Python. */
  readonly cacheFolder: string;
  readonly offline: boolean;
  readonly token: string | null;
}

export function hubSettings(env: NodeJS.ProcessEnv): HubSettings {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint: (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''),
    cacheFolder: env.HF_HUB_CACHE || join(home, 'hub'),
    offline: ['1', 'ON', 'YES', 'TRUE'].includes((env.HF_HUB_OFFLINE ?? '').toUpperCase()),
    token: env.HF_TOKEN || null,
  };
}
