import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenAPIObject } from '@nestjs/swagger';

/** An operation of the OpenAPI document, with what tests ask of it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly operationId?: string;
  readonly summary?: string;
  readonly security?: readonly object[];
  readonly responses: Readonly<Record<string, Response>>;
}

interface Response {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, object>>;
}

/** What a client got. */
export interface Received {
  readonly status: number;
  readonly contentType: string | undefined;
  /** Parsed; undefined when there was none. */
  readonly body: unknown;
}

/** Compares answers with the OpenAPI document that promises them. */
export class Contract {
  readonly operations: readonly Operation[];
  // The patterns that stand beside each format say the same and are checked.
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(document: OpenAPIObject) {
    this.ajv.addSchema(document, 'openapi');
    this.operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        ...(operation as Omit<Operation, 'method' | 'path'>),
        method: method.toUpperCase() as Operation['method'],
        path,
      })),
    );
  }

  /** The operation that a request reaches; undefined when the document has none. */
  operationOf(method: string, url: string): Operation | undefined {
    const path = url.split('?')[0] ?? '';
    const candidates = this.operations.filter((operation) => operation.method === method);
    return (
      candidates.find((operation) => operation.path === path) ??
      candidates.find((operation) => templateOf(operation.path).test(path))
    );
  }

  /** Everything in which an answer differs from what is promised; nothing when it keeps its word. */
  faultsOf(method: string, url: string, received: Received): string[] {
    const operation = this.operationOf(method, url);
    const documented = operation ? this.differences(operation, received) : [];
    return received.status < 400 || method === 'HEAD'
      ? documented
      : [...documented, ...problemFaults(url, received)];
  }

  private differences(operation: Operation, { status, contentType, body }: Received): string[] {
    const response = operation.responses[status];
    if (!response) return [`${status} is not documented.`];
    const [type] = Object.keys(response.content ?? {});
    if (type === undefined) return body === undefined ? [] : ['A body is not documented.'];
    if (contentType?.split(';')[0] !== type) return [`The type is ${contentType}, not ${type}.`];
    const validate = this.validatorOf(operation, status, type);
    if (validate(body)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  private validatorOf(operation: Operation, status: number, type: string): ValidateFunction {
    const place = [
      'paths',
      operation.path,
      operation.method.toLowerCase(),
      'responses',
      status,
      'content',
      type,
    ];
    const pointer = place.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
    const $ref = `openapi#/${pointer}/schema`;
    const known = this.validators.get($ref) ?? this.ajv.compile({ $ref });
    this.validators.set($ref, known);
    return known;
  }
}

const isSentence = (text: unknown) => typeof text === 'string' && /^[^a-z].*\.$/s.test(text);

/** What every error keeps to, also one of no operation: RFC 9457, our codes, and sentences for people. */
function problemFaults(url: string, { status, contentType, body }: Received): string[] {
  if (contentType !== 'application/problem+json; charset=utf-8') return [`The type is ${contentType}.`];
  const { errors = [], ...problem } = body as Record<string, unknown> & {
    errors?: Record<string, unknown>[];
  };
  const checks: [string, boolean][] = [
    ['It is an error of ours.', status < 500 || status === 503],
    ['`type` names no problem.', problem['type'] === `urn:tocsin:problem:${String(problem['code'])}`],
    ['`code` is none.', /^[a-z-]+\.[a-z-]+$/.test(String(problem['code']))],
    ['`status` is another.', problem['status'] === status],
    ['`title` is none.', typeof problem['title'] === 'string'],
    ['`detail` is no sentence.', isSentence(problem['detail'])],
    ['`instance` is another path.', problem['instance'] === url.split('?')[0]],
    ['`errors` says nothing.', status !== 422 || errors.length > 0],
    ['A fault has no sentence.', errors.every(({ detail }) => isSentence(detail))],
  ];
  return checks.flatMap(([fault, kept]) => (kept ? [] : [fault]));
}

// Longer parts and broken escapes never reach an operation.
const templateOf = (path: string) =>
  new RegExp(`^${path.replaceAll(/\{\w+\}/g, '(?:[^/%]|%[0-9A-Fa-f]{2}){1,100}')}$`);
