import type { DeliveryState } from '#libs/delivery/contracts';
import type { When } from '../support/stopping-proxy.ts';
import type { DeletionAnswer, Scene } from './scene.ts';
import type { MailStage } from '../support/stopping-mail-server.ts';

/** How a delivery ends. */
export interface End {
  readonly status: DeliveryState;
  /** Whether somebody may have been handed it without anybody knowing. */
  readonly tainted: boolean;
  /** How often the mail server took it. */
  readonly taken: number;
  /** How each attempt ended. */
  readonly attempts: readonly string[];
}

/** A moment at which a process is killed, and what has to come of the delivery that it was busy with. */
export interface Point {
  readonly name: string;
  /** Who is killed; by default a worker with every role. */
  readonly victim?: 'relay' | 'sweeper' | 'api';
  /** Its job is lost with it, and comes back when the queue notices: after up to a minute. */
  readonly slow?: true;
  /** Has the next one who gets there stop. Resolves once it stands there. */
  readonly stop: (scene: Scene, released: Promise<unknown>) => Promise<void>;
  /** What everybody else sees meanwhile; null where there is no row yet. */
  readonly state: DeliveryState | null;
  /** When nobody else deletes it. */
  readonly end: End;
  /** When it is deleted while the victim stands there: the answer, the answer to asking again, and the end. */
  readonly deleted: { readonly answers: readonly [DeletionAnswer, DeletionAnswer]; readonly end: End };
}

const sent: End = { status: 'sent', tainted: false, taken: 1, attempts: ['accepted'] };
const cancelled: End = { status: 'cancelled', tainted: false, taken: 0, attempts: [] };
/** Lost with the worker, and taken by the mail server so often. */
const unknown = (taken: number): End => ({
  status: 'unknown',
  tainted: true,
  taken,
  attempts: ['ambiguous'],
});
const sentAgain = (taken: number): End => ({
  status: 'sent',
  tainted: true,
  taken,
  attempts: ['ambiguous', 'accepted'],
});

const atQuestion = (at: RegExp, when: When) => (scene: Scene) => scene.postgres.stopAt(at, when);
const atMail = (stage: MailStage) => (scene: Scene, released: Promise<unknown>) =>
  scene.mail.stopAt(stage, released);

/** Nobody has claimed it: whatever was begun is gone with the process. */
const unclaimed = {
  state: 'pending',
  end: sent,
  deleted: { answers: ['cancelled', 'cancelled'], end: cancelled },
} as const;
/** Somebody may have handed it over: never pending again, and a deletion cannot call it cancelled. */
const claimed = (taken: number) =>
  ({
    state: 'sending',
    end: sentAgain(taken + 1),
    deleted: { answers: ['pending', 'stopped'], end: unknown(taken) },
  }) as const;

const fanOut = /insert into delivery\.deliveries/;
const mark = /set enqueued_at = now\(\)/;
const claim = /status = 'sending', version/;
const confirmation = /json_to_recordset\(\$1::json\) as claim\(/;
const outcome = /worker_id = null, enqueued_at = null/;
const sweep = /reason = 'worker-lost'/;
const deletion = /insert into delivery\.sources as known/;

export const points: readonly Point[] = [
  { ...unclaimed, name: 'fan-out: before its rows', stop: atQuestion(fanOut, 'before'), state: null },
  {
    ...unclaimed,
    name: 'fan-out: with its rows, uncommitted',
    stop: atQuestion(fanOut, 'before-commit'),
    state: null,
  },
  {
    ...unclaimed,
    name: 'fan-out: committed, and not marked as done',
    stop: atQuestion(fanOut, 'after-commit'),
  },
  {
    ...unclaimed,
    name: 'enqueue: before the job',
    stop: ({ postgres, redis }) =>
      redis?.stopAt(/delivery-[0-9a-f-]{36}-/, 'before') ?? postgres.stopAt(/add_jobs_bulk/, 'before'),
  },
  {
    ...unclaimed,
    name: 'enqueue: with the job, the row unmarked',
    victim: 'relay',
    stop: atQuestion(mark, 'before'),
  },
  {
    ...unclaimed,
    name: 'enqueue: the row marked, unanswered',
    victim: 'relay',
    stop: atQuestion(mark, 'after'),
  },
  { ...unclaimed, name: 'claim: before its update', slow: true, stop: atQuestion(claim, 'before') },
  { ...unclaimed, name: 'claim: uncommitted', slow: true, stop: atQuestion(claim, 'before-commit') },
  { ...claimed(0), name: 'claim: committed, unanswered', stop: atQuestion(claim, 'after-commit') },
  { ...claimed(0), name: 'hand-over: before it is confirmed', stop: atQuestion(confirmation, 'before') },
  { ...claimed(0), name: 'hand-over: confirmed, unanswered', stop: atQuestion(confirmation, 'after') },
  { ...claimed(0), name: 'hand-over: before the greeting', stop: atMail('greeting') },
  { ...claimed(0), name: 'hand-over: the recipient named', stop: atMail('recipient') },
  { ...claimed(0), name: 'hand-over: in the middle of the body', stop: atMail('mid-body') },
  { ...claimed(1), name: 'hand-over: after the dot', stop: atMail('dot') },
  { ...claimed(1), name: 'outcome: before its update', stop: atQuestion(outcome, 'before') },
  { ...claimed(1), name: 'outcome: uncommitted', stop: atQuestion(outcome, 'before-commit') },
  {
    name: 'outcome: committed, unanswered',
    stop: atQuestion(outcome, 'after-commit'),
    state: 'sent',
    end: sent,
    deleted: { answers: ['notifications.already-sent', 'notifications.already-sent'], end: sent },
  },
  { ...claimed(0), name: 'sweep: uncommitted', victim: 'sweeper', stop: atQuestion(sweep, 'before-commit') },
  {
    name: 'sweep: committed, unanswered',
    victim: 'sweeper',
    stop: atQuestion(sweep, 'after-commit'),
    state: 'retrying',
    end: sentAgain(1),
    deleted: { answers: ['stopped', 'stopped'], end: unknown(0) },
  },
  { ...unclaimed, name: 'deletion: uncommitted', victim: 'api', stop: atQuestion(deletion, 'before-commit') },
  {
    name: 'deletion: committed, unanswered',
    victim: 'api',
    stop: atQuestion(deletion, 'after-commit'),
    state: 'cancelled',
    end: cancelled,
    deleted: { answers: ['cancelled', 'cancelled'], end: cancelled },
  },
];
