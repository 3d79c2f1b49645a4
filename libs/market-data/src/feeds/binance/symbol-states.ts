import type { FeedSink, FeedState } from '../price-feed.ts';

/** Remembers what was last said of each symbol, so that only changes are said. */
export class SymbolStates {
  private readonly last = new Map<string, { state: FeedState; reason: string | undefined }>();

  constructor(private readonly announce: FeedSink['state']) {}

  set(symbols: readonly string[], state: FeedState, reason?: string): void {
    const changed = symbols.filter((symbol) => {
      const last = this.last.get(symbol);
      return last?.state !== state || last.reason !== reason;
    });
    if (changed.length === 0) return;
    for (const symbol of changed) this.last.set(symbol, { state, reason });
    this.announce(changed, state, reason);
  }
}
