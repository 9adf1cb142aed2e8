/** A student behind HTTP, in the shape of the Hugging Face Hub's text classification. */
import type { Context, Hono } from 'hono';
import { type ModelVersion, PredictRequest, parseOrExplain } from '../contracts/index.js';
import { type LiveStudent, OverloadedError } from './live-student.js';
import { scoredLabels } from './scored-labels.js';

/** A text of the student's from one of the request's inputs, or why there is none. */
export type RenderInput = (
  input: string | Record<string, unknown>,
  model: ModelVersion,
) => { text: string } | { problem: string };

export interface StudentAppOptions {
  readonly student: LiveStudent;
  readonly render: RenderInput;
  readonly maxBodyBytes: number;
}

const RETRY_AFTER_SECONDS = '1';

/**
 * POST /predict {"inputs": "text"} answers [{"label", "score"}, ...], best first; for an array of texts, an array of such arrays.
 * GET /health says what answers. Refusals are {"error": "..."}: 400 for a request that can't be read, 413 for one too large, 503
 * with Retry-After where too many texts wait. X-Model-Version names the version that answered.
 */
export async function createStudentApp({ maxBodyBytes, render, student }: StudentAppOptions): Promise<Hono> {
  const [{ Hono }, { bodyLimit }] = await Promise.all([import('hono'), import('hono/body-limit')]);
  const app = new Hono();
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (context) => refusal(context, `a request holds at most ${maxBodyBytes} bytes`, 413),
    }),
  );
  app.onError((error, context) => {
    if (!(error instanceof OverloadedError)) return refusal(context, 'the student could not answer', 500);
    context.header('Retry-After', RETRY_AFTER_SECONDS);
    return refusal(context, error.message, 503);
  });
  app.notFound((context) => refusal(context, 'ask POST /predict, or GET /health', 404));

  app.get('/health', (context) => {
    const { evaluation, kind, labels, task, version } = student.model;
    const { basis, rows, student: figures } = evaluation;
    return context.json({
      ...{ task, version, kind, labels, waitingTexts: student.waitingTexts },
      evaluation: { basis, rows, ...figures },
    });
  });

  app.post('/predict', async (context) => {
    const body = await context.req.json().catch(() => undefined);
    if (body === undefined) return refusal(context, 'the body is not JSON: {"inputs": "the text"}', 400);
    const request = parseOrExplain(PredictRequest, body);
    if (!request.ok) return refusal(context, request.problems, 400);
    const { inputs, parameters } = request.value;
    const texts: string[] = [];
    for (const [index, input] of [inputs].flat().entries()) {
      const rendered = render(input, student.model);
      if ('problem' in rendered) return refusal(context, `inputs[${index}]: ${rendered.problem}`, 400);
      texts.push(rendered.text);
    }
    const { model, probabilities } = await student.predict(texts);
    const answers = probabilities.map((scores) => scoredLabels(model.labels, scores, parameters.top_k));
    context.header('X-Model-Version', String(model.version));
    return context.json(Array.isArray(inputs) ? answers : answers[0]);
  });
  return app;
}

function refusal(context: Context, error: string, status: 400 | 404 | 413 | 500 | 503) {
  return context.json({ error }, status);
}
