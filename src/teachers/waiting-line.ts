/** Callers that wait for their turn, first come, first served. One whose signal aborts leaves the line. */

interface Place {
  readonly wake: () => void;
  left: boolean;
}

export class WaitingLine {
  private readonly places: Place[] = [];

  /** Resolves when it is this caller's turn. Rejects with the signal's reason. */
  join(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = () => {
        place.left = true;
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const place: Place = { wake, left: false };
      signal.addEventListener('abort', leave, { once: true });
      this.places.push(place);
    });
  }

  /** Some of them may have left. */
  get length(): number {
    return this.places.length;
  }

  /** false: nobody waits. */
  wakeFirst(): boolean {
    for (let place = this.places.shift(); place !== undefined; place = this.places.shift()) {
      if (place.left) continue;
      place.wake();
      return true;
    }
    return false;
  }

  wakeAll(): void {
    while (this.wakeFirst());
  }
}
