/** The page that a board sends people to, where several servers serve it. */
import { ReviewNews } from '../../src/contracts/index.js';
import { ReviewPages } from '../../src/workflows/review-pages.js';

const [UP, OWN] = ['http://127.0.0.1:7400/runs/a', 'http://127.0.0.1:7401/runs/a'];

function news(page: string | null, gone: string | null = null): ReviewNews {
  const figures = { suggested: 3, decided: 1, changed: 0, audited: null, certificate: null };
  return ReviewNews.parse({ page, gone, ...figures, at: '2026-01-01T00:00:00.000Z' });
}

it('is of those that have not gone the one that told something last', () => {
  const pages = new ReviewPages();
  const shown = (...told: Parameters<typeof news>) => pages.take(news(...told)).page;
  expect(shown(UP)).toBe(UP);
  expect(shown(OWN)).toBe(OWN);
  expect(shown(UP)).toBe(UP);
  expect(shown(null, UP)).toBe(OWN);
  expect(shown(null, OWN)).toBeNull();
  expect(shown(null, OWN)).toBeNull();
});
