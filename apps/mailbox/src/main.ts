import { join } from 'node:path';
import { startMailbox } from './mailbox.ts';

const { TOCSIN_DATA_DIR, MAILBOX_DIR, MAILBOX_HOST } = process.env;

async function main(): Promise<void> {
  const starting = startMailbox({
    httpPort: port('MAILBOX_PORT', 1080),
    smtpPort: port('MAILBOX_SMTP_PORT', 1025),
    ...(MAILBOX_HOST && { host: MAILBOX_HOST }),
    directory: MAILBOX_DIR || join(TOCSIN_DATA_DIR || '.tocsin', 'inbox'),
  });
  // Ctrl-C reaches the whole process group and the supervisor adds a SIGTERM: both mean one shutdown.
  const stop = () => void starting.then((mailbox) => mailbox.close()).then(() => process.exit(0));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const { httpPort, smtpPort } = await starting;
  console.log(`mailbox ready http=${httpPort} smtp=${smtpPort}`);
}

function port(variable: string, otherwise: number): number {
  const value = process.env[variable] || String(otherwise);
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new Error(`${variable} must be a port from 0 to 65535, not "${value}".`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
