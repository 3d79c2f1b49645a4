import { z } from 'zod';

/** The body of a PATCH: any of these properties, and at least one. */
export const changesOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z
    .strictObject(shape)
    .partial()
    .refine((changes) => Object.keys(changes).length > 0, {
      error: 'Name at least one property to change.',
      // Whoever named only what does not exist is told that instead.
      when: ({ issues }) => issues.length === 0,
    });
