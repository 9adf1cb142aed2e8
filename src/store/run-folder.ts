/** Where a workflow's runs stand in the store: a folder for each of its executions. */
export function workflowFolder(workflowId: string): string {
  const name = workflowId.replace(/[^\w.-]/g, (character) => `%${character.codePointAt(0)?.toString(16)}`);
  return `runs/${name}`;
}
