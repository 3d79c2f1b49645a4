import { MailerModule, type MailerOptions } from '@nestjs-modules/mailer';
import type { DynamicModule } from '@nestjs/common';
import type SMTPPool from 'nodemailer/lib/smtp-pool';
import { Config, type MailServer } from '#platform/config';
import { outgoing } from './outgoing.ts';

/** Milliseconds of waiting for a mail server. */
interface Patience {
  /** From the look-up of its name to the end of STARTTLS. */
  readonly connecting: number;
  /** For the answer to a command, or to the message. */
  readonly answer: number;
}

/** One SMTP pool for each provider. */
export const mailerModule = (patience: Patience = { connecting: 10_000, answer: 60_000 }): DynamicModule =>
  MailerModule.forRootAsync({
    imports: [],
    inject: [Config],
    useFactory: ({ mailServers, smtpConnections, dkim }: Config): MailerOptions => ({
      transports: Object.fromEntries(
        mailServers.map((server) => [server.name, poolOf(server, smtpConnections, patience)]),
      ),
      plugins: [{ step: 'stream', plugin: outgoing(dkim) }],
    }),
  });

/** Options of nodemailer, some of which its types do not know yet. */
type PoolOptions = SMTPPool.Options & Record<string, unknown>;

const poolOf = (
  { url, tls, verified }: MailServer,
  connections: number,
  patience: Patience,
): PoolOptions => ({
  url,
  pool: true,
  maxConnections: connections,
  maxMessages: Number.POSITIVE_INFINITY,
  // Of a message of which not a byte has left, when the server had closed the connection that was kept.
  maxRequeues: 1,
  connectionTimeout: patience.connecting,
  greetingTimeout: patience.connecting,
  dnsTimeout: patience.connecting,
  socketTimeout: patience.answer,
  // A connection that is broken off must not flush what it still holds.
  socketCloseTimeout: 0,
  requireTLS: tls === 'required',
  opportunisticTLS: tls === 'opportunistic',
  tls: { rejectUnauthorized: verified },
  disableFileAccess: true,
  disableUrlAccess: true,
});
