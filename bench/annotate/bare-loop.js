/** What the product is measured beside: the same questions through a bare loop of the same client, with the product's dispatcher
 *  and as many calls in flight, keeping the labels in memory. It claims nothing, journals nothing and survives nothing. */
import { InferenceClient } from '@huggingface/inference';
import { Agent, fetch } from 'undici';

/** bodies: an iterable. Returns seconds, the labels, and how many calls were answered 429 (they are asked again after a second). */
export async function bareLoop({ url, bodies, concurrency }) {
  const dispatcher = new Agent({ connections: concurrency, headersTimeout: 0, bodyTimeout: 0 });
  const client = new InferenceClient('', { endpointUrl: url, retry_on_error: false });
  const options = { fetch: (to, init) => fetch(to, { ...init, dispatcher }) };
  const labels = [];
  let busy = 0;
  let asked = 0;
  const queue = bodies[Symbol.iterator]();
  const startedAt = performance.now();
  const work = async () => {
    for (const body of queue) {
      const index = asked++;
      for (;;) {
        try {
          const answer = await client.chatCompletion(body, options);
          labels[index] = labelOf(answer.choices[0].message.content);
          break;
        } catch (error) {
          if (error.httpResponse?.status !== 429) throw error;
          busy++;
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - startedAt) / 1000;
  await dispatcher.close();
  return { seconds, busy, labels };
}

/** A reasoned answer is JSON, a direct one the label. */
function labelOf(content) {
  return content.startsWith('{') ? JSON.parse(content).label : content;
}
