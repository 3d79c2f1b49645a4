import { Channel, type Outcome, type OutgoingMessage } from '../../libs/delivery/src/channels/channel.ts';

export const accepted: Outcome = { kind: 'accepted', code: '250', response: '250 ok', messageId: null };
export const refused: Outcome = { kind: 'refused', code: '451', response: '451 later', messageId: null };
export const failed: Outcome = { kind: 'failed', code: '550', response: '550 nobody', messageId: null };
export const ambiguous: Outcome = { kind: 'ambiguous', code: 'ETIMEDOUT', response: null, messageId: null };

/** A provider that answers as told and remembers what it was handed. */
export class FakeChannel extends Channel {
  readonly provider = 'fake';
  readonly handedOver: OutgoingMessage[] = [];

  constructor(readonly answer: (lost: AbortSignal) => Outcome | Promise<Outcome>) {
    super();
  }

  async deliver(message: OutgoingMessage, lost: AbortSignal): Promise<Outcome> {
    this.handedOver.push(message);
    return this.answer(lost);
  }
}
