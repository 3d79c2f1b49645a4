import { readOpenDeliveries, readPausedProviders } from '#libs/delivery';
import { readBacklog } from '#platform/messaging';
import { readDatabase } from '#platform/persistence';
import { type Check, type Finding, ok, warn } from './finding.ts';
import type { DatabaseLook } from './postgres.ts';

/** In seconds: what waits for longer waits for somebody to do something. */
const patience = { event: 60, delivery: 300 };

/** What the installation has still to do, and whether anybody does it. */
export const waiting = (look: Promise<DatabaseLook>): Check => ({
  subject: 'what waits',
  look: async () => {
    const databaseUrl = await look.then(
      ({ readableUrl }) => readableUrl,
      () => null,
    );
    if (databaseUrl === null) return [];
    return readDatabase(databaseUrl, async (database) => [
      ...events(await readBacklog(database)),
      ...deliveries(await readOpenDeliveries(database)),
      ...(await readPausedProviders(database)).map(paused),
    ]);
  },
});

function events({ events: count, awaiting, oldest }: Awaited<ReturnType<typeof readBacklog>>): Finding[] {
  const text = `${count} event${count === 1 ? '' : 's'} for a relay${sinceText(count, oldest ?? 0)}`;
  const stuck = (oldest ?? 0) > patience.event;
  return [
    stuck ? warn(text, 'Does a worker with the role relay run? Its log tells what fails.') : ok(text),
    ...(awaiting > 0
      ? [
          warn(
            `${awaiting} for a process of another version`,
            'Finish the deploy. Ten minutes after the last such process was there they go on without it.',
          ),
        ]
      : []),
  ];
}

function deliveries({ held, open }: Awaited<ReturnType<typeof readOpenDeliveries>>): Finding[] {
  const count = open.reduce((sum, group) => sum + group.count, 0);
  const oldest = Math.max(0, ...open.map((group) => group.oldest));
  const text = `${count} message${count === 1 ? '' : 's'} to be sent${sinceText(count, oldest)}`;
  if (held) return [warn(`all sending is held; ${text}`, 'npm run release shows what waits and ends it.')];
  if (oldest <= patience.delivery) return [ok(text)];
  const states = open.filter((group) => group.count > 0).map((group) => `${group.count} ${group.status}`);
  return [
    warn(
      `${text} (${states.join(', ')})`,
      'Does a worker with the role delivery run, and does the mail server accept? A delivery lists its attempts.',
    ),
  ];
}

const paused = ({
  name,
  reason,
  seconds,
}: Awaited<ReturnType<typeof readPausedProviders>>[number]): Finding =>
  warn(
    `nothing goes to ${name} for ${Math.ceil(seconds)} s: it asked to wait (${reason})`,
    'This ends by itself. If it comes again and again, SMTP_RATE_LIMIT makes fewer messages a second.',
  );

const sinceText = (count: number, seconds: number): string =>
  count === 0
    ? ''
    : `, the oldest for ${seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`}`;
