/** The HTML documents of the page: an empty one that the browser's code fills, and what people see who have no link. */
import { firstRequests } from './client/addresses.js';

/** version: of the assets. path: of the document, whose data the browser is told to fetch while the code is on its way. */
export function shell(version: string, path: string): string {
  const preloads = firstRequests(path).map(
    (address) => `<link rel="preload" as="fetch" crossorigin href="${escaped(`/api${address}`)}">`,
  );
  return page(
    'Review',
    version,
    [`<script type="module" src="/client/${version}/page.js"></script>`, ...preloads].join('\n'),
    '<div id="app"><p class="loading" role="status">Loading…</p></div><noscript><p class="notice">The review page needs JavaScript.</p></noscript>',
  );
}

export function noEntry(version: string): string {
  return page(
    'No access',
    version,
    '',
    `<main class="notice"><h1>This page needs your link</h1>
<p>Each reviewer has a link of their own, which is good for 30 days. It is printed on the machine where the labels are:</p>
<pre><code>tutelage review --as YOUR-NAME</code></pre>
<p>Ask whoever sent you here for yours if you don't work on that machine. If you had a link, it is too old, or the secret of the server has changed.</p></main>`,
  );
}

function page(title: string, version: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Tutelage</title>
<link rel="stylesheet" href="/client/${version}/page.css">
${head}
<link rel="icon" href="/client/${version}/icon.svg">
</head>
<body>${body}</body>
</html>
`;
}

function escaped(attribute: string): string {
  return attribute.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
