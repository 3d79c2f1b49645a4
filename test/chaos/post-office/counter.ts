import { type Conduct, conductTo, type Mood } from './conduct.ts';
import { Journal } from './journal.ts';
import type { Ambush, JournalLine, Report, Stage } from './messages.ts';

/** One try to hand a message over. */
export interface HandOver {
  readonly id: number;
  readonly recipient: string;
  readonly conduct: Conduct;
}

/** The mail server that one worker slot talks to, and the trap that may be set there. */
export class Counter {
  readonly slot: string;
  /** Recipients of the messages that are being handed over, one entry a connection. */
  readonly open = new Map<object, string>();
  /** Of the worker that runs on this slot now. */
  pid: number | null = null;
  ambush: Ambush | null = null;
  private readonly office: PostOffice;

  constructor(office: PostOffice, slot: string) {
    this.office = office;
    this.slot = slot;
  }

  begin(recipient: string): HandOver {
    return this.office.begin(recipient);
  }

  note(event: JournalLine['event'], { id, recipient }: HandOver, more: Partial<JournalLine> = {}): void {
    this.office.journal.write({ slot: this.slot, handOver: id, event, recipient, ...more });
  }

  /** The worker has come to this stage: it is struck here and now if that was ordered. */
  pass(stage: Stage, handOver: HandOver): void {
    const { ambush, pid, slot } = this;
    if (ambush?.stage !== stage || pid === null) return;
    this.ambush = null;
    process.kill(pid, ambush.signal);
    this.note('struck', handOver, { ambush });
    this.office.report({
      report: 'struck',
      slot,
      ambush,
      at: Date.now(),
      recipients: [...this.open.values()],
    });
  }
}

/** What all counters share: the journal, the seed, the mood, and how often each recipient was named. */
export class PostOffice {
  mood: Mood = 'troubled';
  readonly journal: Journal;
  readonly report: (report: Report) => void;
  private readonly seed: string;
  private readonly attempts = new Map<string, number>();
  private handOvers = 0;

  constructor(journal: string, seed: string, report: (report: Report) => void) {
    this.journal = new Journal(journal);
    this.seed = seed;
    this.report = report;
  }

  begin(recipient: string): HandOver {
    const attempt = (this.attempts.get(recipient) ?? 0) + 1;
    this.attempts.set(recipient, attempt);
    this.handOvers += 1;
    return { id: this.handOvers, recipient, conduct: conductTo(this.seed, this.mood, recipient, attempt) };
  }
}
