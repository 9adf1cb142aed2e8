/** What a server of the review page tells the run that waits: the boards show where the page is, and how far people are. */
import { z } from 'zod';
import { Certificate } from './certificate.js';

const count = z.number().int().min(0);

const address = z
  .string()
  .max(2000)
  .regex(/^https?:\/\/[^\s<>]+$/);

export const ReviewNews = z.object({
  page: address.nullable().describe("Its address, without anybody's token; null: it is served no more."),
  gone: address.nullable().default(null).describe('Where it was until now; null: it is served.'),
  suggested: count.describe('So many of the most doubtful labels are worth a look.'),
  decided: count.describe('Texts of the fix queue that people decided on.'),
  changed: count.describe('Labels that people changed, in both samples.'),
  audited: count.nullable().describe('Texts of the audit that are decided; null: none was drawn.'),
  certificate: Certificate.nullable().describe('As if the labels were shipped now; null: nothing is audited.'),
  at: z.string().max(40).describe('ISO 8601.'),
});
export type ReviewNews = z.infer<typeof ReviewNews>;
