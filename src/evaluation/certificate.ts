/** What an audit certifies of the labels, as people read it. */
import { type Certificate, counted } from '../contracts/index.js';
import { confidenceLevel } from './figures.js';

/** One sentence. The share is rounded up: it is a bound. */
export function certificateInWords(certificate: Certificate): string {
  const { confidence, labels, mostWrong, mostWrongShare, sampled, wrong } = certificate;
  const most = (Math.ceil(1000 * mostWrongShare) / 10).toFixed(1);
  const audit = `${wrong} of ${counted(sampled, 'label')} drawn at random ${wrong === 1 ? 'was' : 'were'} wrong`;
  return `At most ${most} % of the labels are wrong (${mostWrong} of ${labels}), at ${confidenceLevel(confidence)} confidence, if people's labels are right: ${audit}.`;
}
