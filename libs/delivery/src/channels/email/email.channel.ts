import type { Readable } from 'node:stream';
import { type ISendMailOptions, MailerService } from '@nestjs-modules/mailer';
import { Injectable } from '@nestjs/common';
import addressparser from 'nodemailer/lib/addressparser';
import { Config } from '#platform/config';
import { Channel, type Outcome, type OutgoingMessage } from '../channel.ts';
import { type MailError, outcomeOf } from './email.outcome.ts';
import { smtpUrl } from './mailer.module.ts';

/** Mail over a pool of SMTP connections. */
@Injectable()
export class EmailChannel extends Channel {
  readonly provider: string;
  private readonly from: { name: string; address: string };

  constructor(
    private readonly mailer: MailerService,
    config: Config,
  ) {
    super();
    this.provider = new URL(smtpUrl(config)).hostname;
    const [from] = addressparser(config.mailFrom, { flatten: true });
    if (!from) throw new Error('MAIL_FROM holds no address.');
    this.from = from;
  }

  async deliver(
    { to, subject, text, html, messageId }: OutgoingMessage,
    lost: AbortSignal,
  ): Promise<Outcome> {
    const fault = faultOf(to, subject);
    if (fault) return { kind: 'failed', code: 'invalid-message', response: fault, messageId: null };
    const body: { stream?: Readable } = {};
    const mail: ISendMailOptions & { body: typeof body; signal: AbortSignal } = {
      from: this.from,
      // A structure, not a header to parse: one recipient, whatever the address holds.
      to: { name: '', address: to },
      subject,
      text,
      html,
      messageId,
      headers: { 'Auto-Submitted': 'auto-generated' },
      body,
      signal: lost,
    };
    try {
      const { response } = (await this.mailer.sendMail(mail)) as { response: string };
      return { kind: 'accepted', code: /^\d{3}/.exec(response)?.[0] ?? null, response, messageId };
    } catch (error) {
      return { ...outcomeOf(error as MailError, body.stream?.readableDidRead === true), messageId };
    }
  }
}

function faultOf(address: string, subject: string): string | null {
  if (/[\r\n\0]/.test(subject)) return 'The subject holds a line break or a NUL.';
  if (!/^[^\s\0<>@]+@[^\s\0<>@]+$/.test(address)) return 'This is not one mail address.';
  return null;
}
