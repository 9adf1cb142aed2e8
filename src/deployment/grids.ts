/** config/grids.yaml: how much carbon a kilowatt-hour costs where. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseOrExplain } from '../contracts/index.js';
import { RegistryError } from './registry-error.js';

const GridCatalogue = z.strictObject({
  source: z.string(),
  year: z.number().int(),
  grids: z.array(
    z.strictObject({
      code: z.string(),
      name: z.string(),
      gramsPerKwh: z.number().positive().describe('CO2 equivalents of a kilowatt-hour generated.'),
    }),
  ),
});

export interface Grid {
  readonly name: string;
  readonly gramsPerKwh: number;
  /** Where the figure is from, with its year. */
  readonly source: string;
}

const WORLD = 'WORLD';

/** The grid that TUTELAGE_GRID names, else the world's mean. Throws RegistryError for a code that is not in the file. */
export async function gridOf(env: NodeJS.ProcessEnv): Promise<Grid> {
  // src/deployment and dist/deployment lie equally deep in the package.
  const yaml = await readFile(new URL('../../config/grids.yaml', import.meta.url), 'utf8');
  const parsed = parseOrExplain(GridCatalogue, parse(yaml));
  if (!parsed.ok) throw new Error(`config/grids.yaml is not right:\n${parsed.problems}`);
  const { grids, source, year } = parsed.value;
  const code = (env.TUTELAGE_GRID || WORLD).toUpperCase();
  const found = grids.find((grid) => grid.code === code);
  if (found !== undefined) return { name: found.name, gramsPerKwh: found.gramsPerKwh, source: `${source}, ${year}` };
  const codes = grids.map((grid) => grid.code).join(', ');
  throw new RegistryError(`TUTELAGE_GRID: "${code}" is not in config/grids.yaml; give one of ${codes}`);
}
