/** Says what is done and how long it took. */

/** Runs one step; work may return a remark for the line. */
export async function step(name, work) {
  const startedAt = Date.now();
  const remark = await work();
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name}: ${remark ? `${remark}, ` : ''}${seconds} s`);
}
