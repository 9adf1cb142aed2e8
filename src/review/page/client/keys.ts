/** Keys that do something wherever the focus is, but for fields and dialogs. */

export interface ViewKeys {
  digit?(digit: number): void;
  accept?(): void;
  skip?(): void;
  back?(): void;
  undo?(): void;
  findLabel?(): void;
}

export interface PageKeys {
  /** Of the view that is open. */
  view(): ViewKeys;
  search(): void;
  help(): void;
}

export function listenToKeys(keys: PageKeys): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest('input, textarea, select') != null) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    // The element that has the focus takes Enter itself.
    if (event.key === 'Enter' && target?.closest('button, a, summary') != null) return;
    if (act(event.key, keys)) event.preventDefault();
  });
}

function act(key: string, keys: PageKeys): boolean {
  const view = keys.view();
  if (/^[1-9]$/.test(key)) return called(view.digit && (() => view.digit?.(Number(key))));
  switch (key) {
    case 'Enter':
      return called(view.accept);
    case 's':
    case 'ArrowRight':
      return called(view.skip);
    case 'ArrowLeft':
      return called(view.back);
    case 'u':
      return called(view.undo);
    case 'l':
      return called(view.findLabel);
    case '/':
      return called(keys.search);
    case '?':
      return called(keys.help);
    default:
      return false;
  }
}

function called(action: (() => void) | undefined): boolean {
  action?.();
  return action !== undefined;
}
