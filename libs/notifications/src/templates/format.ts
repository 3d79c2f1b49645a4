/** `33000.5` as `33,000.5`: digits are moved, never computed with. */
export function groupThousands(decimal: string): string {
  const [whole = '', fraction] = decimal.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** An RFC 3339 time as `2026-11-21 10:15:30.123 UTC`, whatever its offset was. */
export function utc(time: string): string {
  return new Date(time).toISOString().replace('T', ' ').replace('.000Z', 'Z').replace('Z', ' UTC');
}

/** The paragraphs of a text, each as its lines. */
export function paragraphs(text: string): string[][] {
  return text
    .split(/\r?\n(?:[ \t]*\r?\n)+/)
    .map((paragraph) => paragraph.split(/\r?\n/))
    .filter((lines) => lines.some((line) => line.trim() !== ''));
}
