/** What the product and the bare loop are both asked: tasks, texts, and the questions as the product sends them. */
import { Task } from '../../dist/contracts/index.js';
import { buildPrompt } from '../../dist/teachers/prompts.js';

export const VOTES = 3;
export const CONCURRENCY = 64;

/** teacher: settings besides. */
export function votedTask(teacher = {}) {
  return {
    name: 'bench',
    kind: 'text-classification',
    labels: [
      { name: 'positive', description: 'good news for the company' },
      { name: 'negative', description: 'bad news for the company' },
      { name: 'neutral', description: 'neither' },
    ],
    guideline: 'Decide how the sentence would strike an investor.',
    teacher: { model: 'bench', concurrency: CONCURRENCY, ...teacher },
    votes: { plan: [{ prompt: 'reasoned', samples: VOTES }] },
  };
}

export function votedText(i) {
  return `In the ${i + 1}th quarter the company's operating profit rose to ${(i * 7919) % 1000} million euros from ${i % 500} million.`;
}

/** Of (d): short prompts, one direct vote. */
export function growingTask() {
  return {
    ...votedTask(),
    guideline: '',
    labels: ['up', 'down'].map((name) => ({ name })),
    votes: { plan: [{ prompt: 'direct', maxTokens: 5 }] },
  };
}

export function growingText(i) {
  return `Profit number ${i} rose.`;
}

/** texts: their count and the i-th one. */
export function* bodiesOf(written, { count, textOf }) {
  const task = Task.parse(written);
  const [planned] = task.votes.plan;
  for (let i = 0; i < count; i++) {
    const { jsonSchema: schema, messages } = buildPrompt(task, planned, textOf(i));
    for (let sample = 0; sample < planned.samples; sample++) {
      yield {
        model: task.teacher.model,
        messages,
        max_tokens: planned.maxTokens,
        temperature: planned.temperature,
        seed: task.teacher.seed + sample,
        ...(schema && {
          response_format: { type: 'json_schema', json_schema: { name: 'reply', strict: true, schema } },
        }),
      };
    }
  }
}
