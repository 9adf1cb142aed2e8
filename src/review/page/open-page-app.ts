/** The review page's server as it runs in earnest. */
import { fileURLToPath } from 'node:url';
import type { PageApp, PageOptions } from './page-app.js';

export type { PageApp };
export type PageAppOptions = Omit<PageOptions, 'clientFolder' | 'now'>;

/** Its code is loaded here: commands that serve nothing start sooner. */
export async function openPageApp(options: PageAppOptions): Promise<PageApp> {
  const { createPageApp } = await import('./page-app.js');
  const clientFolder = fileURLToPath(new URL('./client', import.meta.url));
  return createPageApp({ ...options, clientFolder, now: () => new Date() });
}
