const PLAIN = /^\d{1,15}(\.\d{1,18})?$/;

/**
 * A positive decimal of a feed as an exact text without needless zeros; null for anything else. More than fifteen
 * digits before the point, or eighteen after it, is no price or amount of this world.
 */
export function positiveDecimal(value: unknown): string | null {
  if (typeof value !== 'string' || !PLAIN.test(value)) return null;
  const [whole = '', fraction = ''] = value.split('.');
  const digits = whole.replace(/^0+(?=\d)/, '');
  const decimals = fraction.replace(/0+$/, '');
  const text = decimals === '' ? digits : `${digits}.${decimals}`;
  return text === '0' ? null : text;
}
