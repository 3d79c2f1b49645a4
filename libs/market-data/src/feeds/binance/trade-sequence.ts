/** A span of ids that the exchange's own history does not have; both ends belong to it. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * Puts the trades of one symbol in order of their contiguous ids, each once, whether they come over the stream or
 * from pages of history. A start from a cursor, a reconnection and a jump in mid-stream are the same case: the
 * next id is known, trades beyond it are held back, and history is asked until it meets them.
 */
export class TradeSequence<T extends { readonly id: number }> {
  /** Trades of the stream that were dropped because they had been passed on, or held, before. */
  late = 0;
  private expected: number | null = null;
  private takesFirst = false;
  /** A page of history that must still be asked for, or whose answer is under way. */
  private owed: 'page' | 'answer' | 'nothing' = 'page';
  private readonly held = new Map<number, T>();

  /** Holds back at most `limit` trades; beyond it the oldest are dropped, for history has them too. */
  constructor(private readonly limit: number) {}

  /** The id that comes next; null as long as there is neither a cursor nor a first trade. */
  get next(): number | null {
    return this.expected;
  }

  /** Whether something before the newest trade may be missing, so that history has to be asked. */
  get behind(): boolean {
    return this.expected === null || this.owed !== 'nothing' || this.held.size > 0;
  }

  /** Begins with this id. */
  startAt(id: number): T[] {
    this.expected = id;
    for (const early of this.held.keys()) if (early < id) this.held.delete(early);
    return this.drain();
  }

  /** Begins with whatever the stream brings first, for when neither a cursor nor history can say. */
  startWithFirst(): T[] {
    this.takesFirst = true;
    return this.expected === null && this.held.size > 0 ? this.startAt(Math.min(...this.held.keys())) : [];
  }

  /** Takes a trade from the stream; returns those that may be passed on now. */
  live(trade: T): T[] {
    if (this.takesFirst) this.expected ??= trade.id;
    if (this.held.has(trade.id) || (this.expected !== null && trade.id < this.expected)) {
      this.late += 1;
      return [];
    }
    this.held.set(trade.id, trade);
    const passed = this.drain();
    if (this.held.size > this.limit) this.held.delete(this.held.keys().next().value!);
    return passed;
  }

  /** Says from which id to ask history, again if need be; the answer covers nothing that is lost after this call. */
  ask(): number | null {
    this.owed = 'answer';
    return this.expected;
  }

  /** Takes the answer of history, a full page if there may be more; returns what may be passed on, and the gaps. */
  page(trades: readonly T[], full: boolean): { passed: T[]; gaps: Gap[] } {
    if (this.owed === 'answer') this.owed = full ? 'page' : 'nothing';
    const passed: T[] = [];
    const gaps: Gap[] = [];
    for (const trade of trades) if (!this.held.has(trade.id)) this.held.set(trade.id, trade);
    const through = Math.max(...trades.map(({ id }) => id), -1);
    // Up to the page's last id history has said everything: what is missing there does not exist.
    for (const id of [...this.held.keys()].filter((key) => key <= through).sort((a, b) => a - b)) {
      this.expected ??= id;
      if (id >= this.expected) {
        if (id > this.expected) gaps.push({ from: this.expected, to: id - 1 });
        passed.push(this.held.get(id)!);
        this.expected = id + 1;
      }
      this.held.delete(id);
    }
    passed.push(...this.drain());
    return { passed, gaps };
  }

  /** The stream may have lost trades from here on: history has to say. */
  doubt(): void {
    this.held.clear();
    this.owed = 'page';
  }

  /** Passes on what is held and contiguous. Only trades of the stream are left then, so it has been caught up with. */
  private drain(): T[] {
    const passed: T[] = [];
    for (let trade = this.nextHeld(); trade; trade = this.nextHeld()) {
      this.held.delete(trade.id);
      this.expected = trade.id + 1;
      passed.push(trade);
    }
    if (passed.length > 0) this.owed = 'nothing';
    return passed;
  }

  private nextHeld(): T | undefined {
    return this.expected === null ? undefined : this.held.get(this.expected);
  }
}
