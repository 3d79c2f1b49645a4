const everyMs = 5000;

/** Tells of long work now and then, and of short work not at all. */
export class Progress {
  private told = performance.now();

  constructor(private readonly print: (line: string) => void) {}

  at(line: () => string): void {
    const now = performance.now();
    if (now - this.told < everyMs) return;
    this.told = now;
    this.print(line());
  }
}

/** `12,345 rows`. */
export const rowsText = (rows: number): string =>
  `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;

/** `1.2 MB`; powers of 1,000. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
