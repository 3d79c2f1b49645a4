import { createTransport } from 'nodemailer';

/** A message of the benchmark, as a bare pool is given it. */
export interface BareMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
}

/** What a run took. */
export interface Run {
  readonly ms: number;
  readonly cpuSeconds: number;
}

// The reference of `npm run bench:send`, a process of its own: nothing but a nodemailer pool and what it is to send.
const [, , url = '', connections = '1', from = ''] = process.argv;
const pool = createTransport({
  url,
  pool: true,
  maxConnections: Number(connections),
  maxMessages: Number.POSITIVE_INFINITY,
} as Parameters<typeof createTransport>[0]);

process.on('message', (messages: readonly BareMessage[]) => {
  const began = performance.now();
  const before = process.cpuUsage();
  const sent = messages.map((message) =>
    pool.sendMail({ ...message, from, headers: { 'Auto-Submitted': 'auto-generated' } }),
  );
  void Promise.all(sent).then(() => {
    const { user, system } = process.cpuUsage(before);
    process.send?.({ ms: performance.now() - began, cpuSeconds: (user + system) / 1e6 } satisfies Run);
  });
});
process.on('disconnect', () => process.exit());
