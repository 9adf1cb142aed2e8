/** Which open rows of a queue are in somebody's hands just now, so that two reviewers are not shown the same ones. Nothing depends
 *  on it: two decisions on one row are told apart by its version. */

const LEASE_MS = 10 * 60_000;

export class Leases {
  private readonly held = new Map<string, { readonly reviewer: string; readonly until: number }>();

  constructor(private readonly now: () => Date) {}

  isFree(key: string, reviewer: string): boolean {
    const lease = this.held.get(key);
    return lease === undefined || lease.reviewer === reviewer || lease.until < this.now().getTime();
  }

  take(key: string, reviewer: string): void {
    this.held.set(key, { reviewer, until: this.now().getTime() + LEASE_MS });
  }

  release(key: string): void {
    this.held.delete(key);
  }
}
