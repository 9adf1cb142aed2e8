/** Where a workflow's runs stand in the store: a folder for each of its executions. */
export function workflowFolder(workflowId: string): string {
  return `runs/${nameOf(workflowId)}`;
}

/** The same for what a workflow classifies. */
export function classificationFolder(workflowId: string): string {
  return `classifications/${nameOf(workflowId)}`;
}

function nameOf(workflowId: string): string {
  return workflowId.replace(/[^\w.-]/g, (character) => `%${character.codePointAt(0)?.toString(16)}`);
}
