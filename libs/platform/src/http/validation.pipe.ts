import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import type { ProblemFault } from './problem.ts';
import { InvalidInput } from './problem.ts';
import { sentence } from './sentence.ts';

/** Checks each parameter against the schema on its decorator; faults are reported with their places. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    if (!metadata.schema || metadata.type === 'custom') return value;
    // Nest takes any standard schema; only Zod's own door lets us word the faults.
    const result = z.safeParse(metadata.schema as z.ZodType, value, { error: sentence });
    if (result.success) return result.data;
    const faults = result.error.issues.flatMap((issue) => faultsOf(issue, metadata));
    throw new InvalidInput(firstOfEachPlace(faults).slice(0, mostFaults));
  }
}

/** A body of a hundred thousand unknown properties is not answered with as many sentences. */
const mostFaults = 100;

/** What is no list need not hear that it is too long as well. */
function firstOfEachPlace(faults: readonly ProblemFault[]): ProblemFault[] {
  const places = Object.groupBy(faults, (fault) => ('pointer' in fault ? fault.pointer : fault.parameter));
  return Object.values(places).flatMap((here) => here?.[0] ?? []);
}

function faultsOf(issue: z.core.$ZodIssue, metadata: ArgumentMetadata): ProblemFault[] {
  const { path, message: detail } = issue;
  // Zod reports unknown properties at their parent; the caller is better served with the property itself.
  const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
  return places.map((place) =>
    metadata.type === 'body'
      ? {
          pointer: place.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
          detail,
        }
      : { parameter: String(place[0] ?? metadata.data ?? ''), detail },
  );
}
