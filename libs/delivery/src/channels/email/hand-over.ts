import { Readable } from 'node:stream';
import type { HandedOver } from '../../contracts/index.ts';

/** What connection carries a message, and what is known of it. */
export interface Carrier {
  readonly tls: string | null;
  readonly authenticated: boolean;
  close(): void;
}

/**
 * A composed message on its way through nodemailer. The final dot follows the last byte by itself, so nothing can have
 * been accepted before {@link ended}.
 */
export class HandOver {
  /** Whether the server was told that the message begins. */
  begun = false;
  /** Whether nodemailer has all of it: from here on its final dot may be on the way. */
  ended = false;
  private carrier: Carrier | undefined;
  private body: Readable | undefined;
  private left = false;

  constructor(
    readonly from: string,
    readonly to: string,
    readonly bytes: Buffer,
    private readonly findCarrier: () => Carrier | undefined,
  ) {}

  /** The bytes for one connection, from the moment that it asks for them. */
  stream(): Readable {
    this.body = new Body(this);
    if (this.left) this.body.destroy();
    return this.body;
  }

  begin(): void {
    this.begun = true;
    this.carrier = this.findCarrier();
  }

  /** Whether its answer came before it had ended, and so answers something else. */
  get isCutShort(): boolean {
    return this.begun && !this.ended;
  }

  /** Says nothing more on that connection, where nobody knows what would be heard; least of all the final dot. */
  leave(): void {
    this.left = true;
    this.body?.destroy();
    this.carrier?.close();
  }

  get request(): HandedOver {
    const { tls = null, authenticated = false } = this.carrier ?? this.findCarrier() ?? {};
    return { from: this.from, to: this.to, bytes: this.bytes.length, tls, authenticated };
  }
}

const chunkSize = 64 * 1024;

class Body extends Readable {
  private offset = 0;

  constructor(private readonly handOver: HandOver) {
    super({ highWaterMark: chunkSize });
  }

  override _read(): void {
    if (this.offset > 0) return this.pushNext();
    this.handOver.begin();
    // An answer that came with the one to DATA is looked at first, a turn later: it must not pass for the one to the dot.
    setImmediate(() => this.destroyed || this.pushNext());
  }

  private pushNext(): void {
    const { bytes } = this.handOver;
    const chunk = bytes.subarray(this.offset, this.offset + chunkSize);
    this.offset += chunk.length;
    this.push(chunk);
    if (this.offset < bytes.length) return;
    this.handOver.ended = true;
    this.push(null);
  }
}
