import { withoutSecrets } from '#platform/logging';
import { errorIn } from './log-line.ts';

/** What a program said for longer before its end than this has nothing to do with it. */
const freshMs = 10_000;

/** Around the message of an error that nobody caught: source, stack, properties, the version of Node. */
const wrapping = /^(\s|$|[}^<-]|Node\.js v|node:|file:)/;

/** The last error that a program spoke of, to be repeated when it ends. */
export class LastWords {
  private said = '';
  private at = Number.NEGATIVE_INFINITY;
  private written = false;

  /** Takes a line of its output: a record of its log, or else what it wrote to stderr. */
  hear(line: string, isStderr: boolean): void {
    const logged = errorIn(line);
    const words = logged ?? (isStderr && !wrapping.test(line) ? line : undefined);
    if (words === undefined) return;
    // The streams come in any order, and what is written to stderr is a sentence for whoever starts the program.
    if (logged !== undefined && this.written && this.isFresh) return;
    this.said = words;
    this.at = performance.now();
    this.written = logged === undefined;
  }

  /** The words of somebody who ends now, on one line. */
  get text(): string | undefined {
    if (!this.isFresh) return undefined;
    return withoutSecrets(this.said.replaceAll(/\s+/g, ' ').trim()).slice(0, 200);
  }

  private get isFresh(): boolean {
    return performance.now() - this.at <= freshMs;
  }
}

/** What is said when a part that is kept running has ended. */
export function endedText(how: string, words: string | undefined, inARow: number, delayMs: number): string {
  const why = words === undefined ? how : `${how}: ${words}`;
  const again = inARow > 1 ? ` ${inARow} times in a row` : '';
  const hint = inARow >= 5 ? '. npm run doctor looks for the cause' : '';
  return `ended${again} (${why}); starting it again in ${delayMs / 1000} s${hint}`;
}
