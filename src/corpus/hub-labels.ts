/** Labels that stand in a dataset of the Hub as numbers, and the names that its schema has for them. */

import { z } from 'zod';
import { counted } from '../contracts/index.js';
import type { Row } from './read-rows.js';

/** By column; the number of a label is its place. */
export type LabelNames = ReadonlyMap<string, readonly string[]>;

const NO_LABEL = -1;

/** As the library `datasets` writes it into Parquet files. */
const HubSchema = z.object({ info: z.object({ features: z.record(z.string(), z.unknown()) }) });
const ClassLabel = z.object({ _type: z.literal('ClassLabel'), names: z.array(z.string()) });

/** What is not in that form tells nothing. */
export function labelNamesIn(hubSchema: string | null): LabelNames {
  const names = new Map<string, readonly string[]>();
  const schema = HubSchema.safeParse(parsed(hubSchema));
  for (const [column, feature] of Object.entries(schema.data?.info.features ?? {})) {
    const label = ClassLabel.safeParse(feature);
    if (label.success) names.set(column, label.data.names);
  }
  return names;
}

export function withLabelNames(row: Row, labelNames: LabelNames): Row {
  if (!('values' in row)) return row;
  for (const [column, names] of labelNames) {
    const value = row.values[column];
    if (typeof value !== 'number') continue;
    const name = value === NO_LABEL ? null : names[value];
    if (name === undefined) {
      return {
        line: row.line,
        problem: `its column "${column}" holds ${value}, and the file names ${counted(names.length, 'label')}`,
      };
    }
    row.values[column] = name;
  }
  return row;
}

function parsed(json: string | null): unknown {
  try {
    return JSON.parse(json ?? 'null');
  } catch {
    return null;
  }
}
