import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * Stands for what answers of this schema look like. Two versions of the api keep answers in one place; a part of the
 * key that differs where their answers do keeps either from sending the other's.
 */
export function shapeOf(schema: z.ZodType): string {
  const shape = JSON.stringify(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }));
  return createHash('sha256').update(shape).digest('base64url').slice(0, 12);
}
