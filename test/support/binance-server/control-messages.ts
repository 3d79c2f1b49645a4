import { z } from 'zod';

/** What a client asked for on an open connection, or the error that answers it. */
export type ControlMessage =
  | { method: 'SUBSCRIBE' | 'UNSUBSCRIBE'; streams: string[]; id: RequestId }
  | { method: 'LIST_SUBSCRIPTIONS'; id: RequestId }
  | { method: 'GET_PROPERTY'; id: RequestId }
  | { method: 'SET_PROPERTY'; combined: boolean; id: RequestId }
  | { method: 'ERROR'; error: { code: number; msg: string }; id?: RequestId };

export type RequestId = z.infer<typeof requestId>;

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'] as const;

const requestId = z.union([z.int().nonnegative(), z.string().regex(/^[\w-]{1,36}$/), z.null()]);
const streamName = z.string().refine((name) => isStreamName(name));

/** Reads a message of a client as Binance does, with Binance's words for what is wrong. */
export function readControlMessage(text: string): ControlMessage {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refused(3, 'Invalid JSON: expected value at line 1 column 1');
  }
  const named = z.object({ method: z.string() }).safeParse(json);
  if (!named.success)
    return refused(2, `Invalid request: missing field \`method\` at line 1 column ${text.length}`);
  const method = METHODS.find((known) => known === named.data.method);
  if (!method) return refused(2, unknownVariant(named.data.method, text.length));

  const request = z.object({ id: requestId, params: z.array(z.unknown()).default([]) }).safeParse(json);
  if (!request.success) return refused(2, 'Invalid request: request ID must be an unsigned integer');
  const { id, params } = request.data;
  if (method === 'LIST_SUBSCRIPTIONS') return { method, id };
  if (method === 'SUBSCRIBE' || method === 'UNSUBSCRIBE') {
    const streams = z.array(streamName).nonempty().safeParse(params);
    return streams.success
      ? { method, streams: streams.data, id }
      : { ...refused(2, 'Invalid request: invalid stream'), id };
  }
  const [property, value] = params;
  if (property !== 'combined') return { ...refused(0, 'Unknown property'), id };
  if (method === 'GET_PROPERTY') return { method, id };
  if (typeof value === 'boolean') return { method, combined: value, id };
  return { ...refused(1, 'Invalid value type: expected Boolean'), id };
}

/** Whether this has the form of a stream's name; one of a symbol that does not trade is accepted and stays silent. */
export function isStreamName(name: string): boolean {
  return /^[a-z0-9_-]+@[a-zA-Z0-9_@]+$/.test(name) || /^![a-zA-Z0-9_]+(@arr)?$/.test(name);
}

function unknownVariant(method: string, column: number): string {
  const known = METHODS.map((name) => `\`${name}\``).join(', ');
  return `Invalid request: unknown variant \`${method}\`, expected one of ${known} at line 1 column ${column}`;
}

function refused(code: number, msg: string): { method: 'ERROR'; error: { code: number; msg: string } } {
  return { method: 'ERROR', error: { code, msg } };
}
