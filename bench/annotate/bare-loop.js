/** What the product is measured beside: the same questions through a bare loop of the same client, with the product's dispatcher
 *  and as many calls in flight, keeping the labels in memory. It claims nothing, journals nothing and survives nothing. */
import { InferenceClient } from '@huggingface/inference';
import { Agent, fetch } from 'undici';

/** Returns seconds and how many calls were answered 429 (they are asked again after a second). */
export async function bareLoop({ url, bodies, concurrency }) {
  const dispatcher = new Agent({ connections: concurrency, headersTimeout: 0, bodyTimeout: 0 });
  const client = new InferenceClient('', { endpointUrl: url, retry_on_error: false });
  const options = { fetch: (to, init) => fetch(to, { ...init, dispatcher }) };
  const labels = [];
  let busy = 0;
  const queue = bodies.entries();
  const startedAt = performance.now();
  const work = async () => {
    for (const [index, body] of queue) {
      for (;;) {
        try {
          const answer = await client.chatCompletion(body, options);
          labels[index] = JSON.parse(answer.choices[0].message.content).label;
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
  if (labels.length !== bodies.length) throw new Error(`${labels.length} of ${bodies.length} labels`);
  return { seconds, busy };
}
