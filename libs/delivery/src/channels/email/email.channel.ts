import type { Transporter } from 'nodemailer';
import { Channel, type Outcome, type OutgoingMessage } from '../channel.ts';
import { BadMessage, compose, type Sender } from './compose.ts';
import { outcomeOf, storable } from './email.outcome.ts';
import type { OutgoingMail } from './outgoing.ts';

/** Mail over a pool of SMTP connections to one provider. */
export class EmailChannel extends Channel {
  constructor(
    readonly provider: string,
    private readonly transporter: Transporter,
    private readonly from: Sender,
  ) {
    super();
  }

  async deliver(message: OutgoingMessage, lost: AbortSignal): Promise<Outcome> {
    try {
      return await this.send(
        { ...compose(message, this.from), passage: {}, signal: lost },
        message.messageId,
      );
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      const response = storable(error.message);
      return {
        kind: 'failed',
        code: 'invalid-message',
        response,
        messageId: null,
        pause: false,
        request: null,
      };
    }
  }

  private send(mail: OutgoingMail, messageId: string): Promise<Outcome> {
    return new Promise((resolve) => {
      // With a callback, which is called before anything else happens on that connection.
      this.transporter.sendMail(mail, (error: Error | null, info) => {
        const { handOver } = mail.passage;
        const outcome = outcomeOf(error ?? { response: info.response ?? '' }, handOver?.ended === true);
        if (outcome.kind === 'ambiguous' || handOver?.isCutShort) handOver?.leave();
        resolve({ ...outcome, messageId, request: handOver?.request ?? null });
      });
    });
  }
}
