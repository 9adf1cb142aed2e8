/** The HTML documents of the page: an empty one that the browser's code fills, and what people see who have no link. */

/** Modules of the first view, so that the browser asks for all of them at once. */
export function shell(modules: readonly string[]): string {
  const preloads = modules.map((name) => `<link rel="modulepreload" href="/client/${name}">`).join('\n');
  return page(
    'Review',
    `${preloads}\n<script type="module" src="/client/main.js"></script>`,
    '<div id="app"><p class="loading" role="status">Loading…</p></div><noscript><p class="notice">The review page needs JavaScript.</p></noscript>',
  );
}

export const noEntry = page(
  'No access',
  '',
  `<main class="notice"><h1>This page needs your link</h1>
<p>Each reviewer has a link of their own, which is good for 30 days. It is printed on the machine where the labels are:</p>
<pre><code>tutelage review --as YOUR-NAME</code></pre>
<p>Ask whoever sent you here for yours if you don't work on that machine. If you had a link, it is too old, or the secret of the server has changed.</p></main>`,
);

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Tutelage</title>
<link rel="icon" href="/client/icon.svg">
<link rel="stylesheet" href="/client/page.css">
${head}
</head>
<body>${body}</body>
</html>
`;
}
