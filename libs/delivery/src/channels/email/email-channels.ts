import { MailerService } from '@nestjs-modules/mailer';
import { Injectable } from '@nestjs/common';
import { Config } from '#platform/config';
import type { Channel } from '../channel.ts';
import { senderOf } from './compose.ts';
import { EmailChannel } from './email.channel.ts';

/** The providers of e-mail in order of preference. */
@Injectable()
export class EmailChannels {
  readonly inOrder: readonly [Channel, ...Channel[]];

  constructor(mailer: MailerService, { mailServers, mailFrom }: Config) {
    const sender = senderOf(mailFrom);
    const [first, ...others] = mailServers.map(
      ({ name }) => new EmailChannel(name, mailer.getTransporter(name), sender),
    );
    if (!first) throw new Error('There is no provider of e-mail.');
    this.inOrder = [first, ...others];
  }
}
