import { appendFileSync } from 'node:fs';

export type FaultKind =
  | 'worker-kill'
  | 'api-kill'
  | 'pause'
  | 'cut-lock'
  | 'postgres-stop'
  | 'redis-kill'
  | 'redis-flush'
  | 'stray-jobs';

/** Something that was broken, from its beginning until it was whole again. */
export interface Fault {
  readonly kind: FaultKind;
  /** Whose process or session it was. */
  readonly slot?: string;
  readonly at: number;
  readonly until: number;
  readonly count?: number;
  readonly note?: string;
}

/** Everything that was broken during a run. */
export class FaultLog {
  readonly faults: Fault[] = [];
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  add(fault: Fault): void {
    this.faults.push(fault);
    appendFileSync(this.file, `${JSON.stringify(fault)}\n`);
  }

  count(kind: FaultKind): number {
    return this.faults.filter((fault) => fault.kind === kind).reduce((sum, { count = 1 }) => sum + count, 0);
  }
}
