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
