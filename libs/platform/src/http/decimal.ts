import { z } from 'zod';

const plain = /^-?(0|[1-9]\d{0,20})(\.\d{1,20})?$/;

/** Removes what carries no value: trailing zeros, a bare point, the sign of zero. */
function normalise(text: string): string {
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return trimmed === '-0' ? '0' : trimmed;
}

/**
 * A decimal given as a string or a JSON number, handed on as a normalised string. Numbers are taken by their
 * shortest decimal form; one that JavaScript would print with an exponent must be sent as a string.
 */
export const decimalInput = z
  .union([z.string(), z.number()], { error: 'Give a decimal as a string or a number.' })
  .transform((value) => String(value).trim())
  .refine((text) => plain.test(text), {
    error: 'Give a plain decimal, at most 21 digits before and 20 after the point, without an exponent.',
  })
  .transform(normalise);

/** A decimal as the API gives it: a string without exponent or trailing zeros. */
export const decimalOutput = z.string().regex(/^-?\d+(\.\d*[1-9])?$/);
