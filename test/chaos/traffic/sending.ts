import type { Answer, Client, Request } from './client.ts';
import { setTimeout as delay } from 'node:timers/promises';

/** What an answer to a deletion said: of a notification its outcome, of an alert whether a message was leaving. */
export type Said = 'cancelled' | 'stopped' | 'pending' | 'already-sent' | 'deleted' | 'deleting';

export interface GivenAnswer {
  /** When it was there. */
  readonly at: number;
  readonly said: Said;
}

/** Something that was asked for, and what was answered when it was deleted. */
export interface Sending {
  readonly type: 'notification' | 'alert';
  readonly id: string;
  readonly recipients: readonly string[];
  /** Whether it was promised to be sent. */
  promised: boolean;
  /** Whether its deletion was asked for, answered or not. */
  deleted: boolean;
  readonly answers: GivenAnswer[];
}

const open = new Set<Said>(['pending', 'deleting']);
export const isOpen = (said: Said): boolean => open.has(said);

/** Deletes until the answer is final. */
export async function remove(client: Client, sending: Sending, request: Request): Promise<void> {
  sending.deleted = true;
  for (;;) {
    const said = saidBy(await client.insist(request));
    sending.answers.push({ at: Date.now(), said });
    // An alert says "deleting" once and for what is in flight at that moment.
    if (!isOpen(said)) return;
    await delay(1_000);
  }
}

/** @throws Error when no contract knows the answer */
function saidBy({ status, body }: Answer): Said {
  const { outcome, code } = body;
  if (status === 204) return 'deleted';
  if (status === 202 && outcome === undefined) return 'deleting';
  if (status === 409 && code === 'notifications.already-sent') return 'already-sent';
  if ([200, 202].includes(status)) return outcome as Said;
  throw new Error(`No answer to a deletion: ${status} ${JSON.stringify(body)}`);
}
