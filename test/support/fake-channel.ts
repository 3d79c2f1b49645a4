import { Channel, type Outcome, type OutgoingMessage } from '../../libs/delivery/src/channels/channel.ts';

const told = { messageId: null, pause: false, request: null };

export const accepted: Outcome = { kind: 'accepted', code: '250', response: '250 ok', ...told };
export const refused: Outcome = { kind: 'refused', code: '451', response: '451 later', ...told };
export const failed: Outcome = { kind: 'failed', code: '550', response: '550 nobody', ...told };
export const ambiguous: Outcome = { kind: 'ambiguous', code: 'ETIMEDOUT', response: null, ...told };

/** A provider that answers as told and remembers what it was handed. */
export class FakeChannel extends Channel {
  readonly handedOver: OutgoingMessage[] = [];

  constructor(
    readonly answer: (lost: AbortSignal) => Outcome | Promise<Outcome>,
    readonly provider = 'fake',
  ) {
    super();
  }

  async deliver(message: OutgoingMessage, lost: AbortSignal): Promise<Outcome> {
    this.handedOver.push(message);
    return this.answer(lost);
  }
}
