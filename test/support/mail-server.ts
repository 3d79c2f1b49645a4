import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** What a mail server does with a message: takes it, refuses it so, or hangs up when it has all of it. */
type Answer = 'take' | 'hang up' | `${number} ${string}`;

/** A mail server that answers each message as told. */
export class MailServer {
  /** Whom it took mail for. */
  readonly taken: string[] = [];
  /** Whom it was handed mail for, whatever it answered. */
  readonly seen: string[] = [];
  /** Asked once it has all of a message. */
  answer: (to: string) => Answer | Promise<Answer> = () => 'take';

  private constructor(
    private readonly smtp: SMTPServer,
    readonly port: number,
  ) {}

  /** On a port of its own unless told. */
  static async start(port = 0): Promise<MailServer> {
    const smtp: SMTPServer = new SMTPServer({
      authOptional: true,
      hideSTARTTLS: true,
      onData(stream, { envelope }, done) {
        const [to = ''] = envelope.rcptTo.map(({ address }) => address);
        stream.resume().on('end', () => void server.settle(to, done));
      },
    });
    smtp.on('error', () => undefined);
    const listening = smtp.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    const server = new MailServer(smtp, (listening.address() as AddressInfo).port);
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.smtp.close(resolve));
  }

  private async settle(to: string, done: (error?: Error) => void): Promise<void> {
    this.seen.push(to);
    const answer = await this.answer(to);
    if (answer === 'hang up') {
      for (const connection of this.smtp.connections) (connection as { close(): void }).close();
    } else if (answer === 'take') {
      this.taken.push(to);
      done();
    } else {
      const [code, ...words] = answer.split(' ');
      done(Object.assign(new Error(words.join(' ')), { responseCode: Number(code) }));
    }
  }
}
