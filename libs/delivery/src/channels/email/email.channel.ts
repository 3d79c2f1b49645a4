import type { Transporter } from 'nodemailer';
import { Channel, type Outcome, type OutgoingMessage } from '../channel.ts';
import { BadMessage, compose, type Sender } from './compose.ts';
import { outcomeOf, storable, type Told } from './email.outcome.ts';
import type { OutgoingMail } from './outgoing.ts';

/** Mail over a pool of SMTP connections to one provider. */
export class EmailChannel extends Channel {
  constructor(
    readonly provider: string,
    private readonly transporter: Transporter,
    private readonly from: Sender,
    /** The longest that a hand-over takes, however much the server says meanwhile. */
    private readonly deadlineMs = 300_000,
  ) {
    super();
  }

  async deliver(message: OutgoingMessage, lost: AbortSignal): Promise<Outcome> {
    try {
      return await this.send({ ...compose(message, this.from), passage: {} }, message.messageId, lost);
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

  private send(mail: OutgoingMail, messageId: string, lost: AbortSignal): Promise<Outcome> {
    const { passage } = mail;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const end = (told: Told) => {
      clearTimeout(deadline);
      lost.removeEventListener('abort', breakOff);
      const { handOver } = passage;
      const outcome = outcomeOf(told, handOver?.ended === true);
      if (passage.left || outcome.kind === 'ambiguous' || handOver?.isCutShort) handOver?.leave();
      resolve({ ...outcome, messageId, request: handOver?.request ?? null });
    };
    const giveUp = new AbortController();
    /** By us, whether or not nodemailer says anything to it: what has not ended here can not end any more. */
    const endNow = (told: Told) => {
      passage.left = true;
      end(told);
      giveUp.abort();
    };
    const breakOff = () => endNow({ code: 'EABORT', message: 'Broken off.' });
    const deadline = setTimeout(
      () => endNow({ code: 'ETIMEDOUT', message: 'All of it took too long.' }),
      this.deadlineMs,
    );
    lost.addEventListener('abort', breakOff, { once: true });
    if (lost.aborted) breakOff();
    try {
      // With a callback, which is called before anything else happens on that connection.
      this.transporter.sendMail({ ...mail, signal: giveUp.signal }, (error: Error | null, info) => {
        if (!passage.left) end(error ?? { response: info.response ?? '' });
      });
    } catch (error) {
      end({ code: 'EMESSAGE', message: (error as Error).message });
    }
    return promise;
  }
}
