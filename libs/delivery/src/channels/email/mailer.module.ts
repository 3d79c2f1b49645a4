import type { Readable } from 'node:stream';
import { MailerModule, type MailerOptions } from '@nestjs-modules/mailer';
import { Config } from '#platform/config';
import { handOversAtOnce } from '../channel.ts';

/** The part of a nodemailer message that matters here. */
interface ComposedMail {
  readonly data: { readonly body: { stream?: Readable } };
  readonly message: { processFunc(use: (stream: Readable) => Readable): void };
}

/** The provider, or the development inbox where none is named. */
export function smtpUrl(config: Config): string {
  return config.smtpUrl ?? `smtp://127.0.0.1:${config.mailbox.smtpPort}`;
}

/** One SMTP pool a process. */
export const mailerModule = MailerModule.forRootAsync({
  imports: [],
  inject: [Config],
  useFactory: (config: Config): MailerOptions => ({
    transport: {
      url: smtpUrl(config),
      pool: true,
      maxConnections: handOversAtOnce,
      maxMessages: Number.POSITIVE_INFINITY,
      // A try of ours is one try: a message that nodemailer repeats by itself would be in no log.
      maxRequeues: 0,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 60_000,
      // A connection that is broken off must not flush what it still holds.
      socketCloseTimeout: 0,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    plugins: [
      {
        step: 'stream',
        // Lends the channel the stream of the message: whether it was read tells whether the body has begun.
        plugin: ({ data, message }: ComposedMail, done: () => void) => {
          message.processFunc((stream) => (data.body.stream = stream));
          done();
        },
      },
    ],
  }),
});
