/** One way to run a model, and what must come of it. */
export interface Variant {
  readonly model: 'delivery' | 'outbox';
  /** Names, and sizes (`ROWS=2`), as the head of the model explains them. */
  readonly flags: readonly string[];
  /** `holds`, or the name of what must be found violated. */
  readonly expected: string;
  /** Whether endless runs are looked for too, not only states that must not be. */
  readonly endless?: true;
  /** Only without `--quick`. */
  readonly long?: true;
}

const small = ['ROWS=1', 'FAULTS=1'];
const variant = (model: Variant['model'], expected: string, ...flags: string[]): Variant => ({
  model,
  flags,
  expected,
});
const delivery = (expected: string, ...flags: string[]) => variant('delivery', expected, ...flags);
const outbox = (expected: string, ...flags: string[]) => variant('outbox', expected, ...flags, 'KILLS=2');
const endless = (of: Variant): Variant => ({ ...of, endless: true });
const long = (of: Variant): Variant => ({ ...of, long: true });

/** The longest first, so that none is waited for at the end. */
export const variants: readonly Variant[] = [
  long(delivery('holds', 'ROWS=2', 'FAULTS=2')),
  long(endless(delivery('holds', 'ROWS=1', 'FAULTS=2', 'REFUSALS=1'))),
  long(delivery('holds', 'ROWS=2', 'SOURCES=2', 'FAULTS=1')),
  long(delivery('holds', 'ROWS=1', 'WORKERS=3', 'FAULTS=2')),
  long(delivery('holds', 'ROWS=2', 'FAN_OUT', 'FAULTS=1')),
  long(delivery('holds', 'ROWS=1', 'FAULTS=5')),
  long(endless(delivery('holds', 'ROWS=1', 'FAN_OUT', 'FAULTS=1', 'REFUSALS=1'))),
  delivery('holds', 'ROWS=2', 'FAULTS=1'),
  long(endless(delivery('holds', 'ROWS=1', 'FAULTS=1', 'REFUSALS=1'))),
  delivery('holds', 'ROWS=1', 'SOURCES=2', 'FAULTS=2'),
  delivery('holds', 'ROWS=1', 'FAN_OUT', 'FAULTS=2'),
  delivery('I1', ...small, 'LOST_CLAIM_IS_PENDING'),
  delivery('I1', ...small, 'LOST_ANSWER_IS_REFUSAL'),
  delivery('I1', ...small, 'UNKNOWN_COUNTS_AS_NOTHING'),
  delivery('I1a', ...small, 'DELETION_WITHOUT_ADVISORY_LOCK'),
  delivery('I1a', ...small, 'DELETION_WITHOUT_ROW_LOCK', 'FAN_OUT'),
  delivery('I1a', ...small, 'LOOK_BEFORE_LOCK'),
  delivery('I2', ...small, 'LEASE'),
  delivery('I2', ...small, 'NO_CONFIRMATION'),
  delivery('I2', ...small, 'NO_TOKEN'),
  delivery('I2', ...small, 'SWEEPER_SHARES_SESSION'),
  delivery('I3', ...small, 'SENT_BEFORE_ANSWER'),
  endless(delivery('I4', ...small, 'REFUSALS=1', 'NO_FENCING')),
  endless(delivery('I4', ...small, 'REFUSALS=1', 'SAME_ID')),
  endless(delivery('I4', ...small, 'REFUSALS=1', 'NO_FINALISER', 'DELETION_WITHOUT_ADVISORY_LOCK')),
  delivery('I5', ...small, 'DELETION_IN_ONE_STATEMENT'),
  delivery('I5', ...small, 'LATE_ACCEPTANCE_ALWAYS_COUNTS'),
  delivery('I5', ...small, 'REFUSED_DELETION_LEAVES_TOMBSTONE'),
  delivery('I6', ...small, 'LOST_ANSWER_IS_REFUSAL', 'NO_DELETION'),
  delivery('NEVER', 'ROWS=2', 'FAULTS=1', 'NEVER_STOPPED_IN_PART'),
  delivery('NEVER', 'ROWS=2', 'FAULTS=1', 'NEVER_ALREADY_SENT'),
  delivery('NEVER', ...small, 'NEVER_CANCELLED_LATER'),
  delivery('NEVER', ...small, 'NEVER_STOPPED_LATER'),
  delivery('NEVER', ...small, 'NEVER_TWICE'),
  endless(outbox('holds')),
  outbox('ONCE', 'NO_MARKS'),
  endless(outbox('ALL', 'MARK_OF_ITS_OWN')),
  endless(outbox('ALL', 'PUBLISHED_FIRST')),
  endless(outbox('ALL', 'LEASE_WITHOUT_END')),
  endless(outbox('ALL', 'CURSOR')),
];

/** A variant as the table of the README names it. */
export const nameOf = ({ model, flags, endless }: Variant): string =>
  [model, ...(endless ? ['LIVENESS'] : []), ...flags].join(' ');
