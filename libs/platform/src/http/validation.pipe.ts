import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ProblemFault } from './problem.ts';
import { InvalidInput } from './problem.ts';

/** Checks each parameter against the schema on its decorator; every fault is reported with its place. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const schema = metadata.schema;
    if (!schema || metadata.type === 'custom') return value;
    const result = await schema['~standard'].validate(value);
    if (!result.issues) return result.value;
    throw new InvalidInput(result.issues.flatMap((issue) => faultsOf(issue, metadata)));
  }
}

function faultsOf(
  issue: StandardSchemaV1.Issue & { keys?: string[] },
  metadata: ArgumentMetadata,
): ProblemFault[] {
  const path = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
  // Zod reports unknown properties at their parent; the caller is better served with the property itself.
  const places = issue.keys?.length ? issue.keys.map((key) => [...path, key]) : [path];
  const detail = issue.keys?.length ? 'Unknown property.' : issue.message;
  return places.map((place) =>
    metadata.type === 'body'
      ? {
          pointer: place.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
          detail,
        }
      : { parameter: String(place[0] ?? metadata.data ?? ''), detail },
  );
}
