import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** How far a mail has come when its server falls silent. */
export type MailStage = 'greeting' | 'recipient' | 'mid-body' | 'dot';

/** A mail that the server has taken. */
export interface TakenMail {
  readonly to: string;
  readonly messageId: string;
}

const endOfMail = '\r\n.\r\n';

/** A mail server that falls silent at the stage that a test names, for as long as the test wants. */
export class StoppingMailServer {
  readonly taken: TakenMail[] = [];
  private stop: { stage: MailStage; reached: () => void; released: Promise<unknown> } | undefined;
  private readonly sockets = new Set<Socket>();
  /** Called before a mail is taken. */
  beforeTaking: () => Promise<unknown> = () => Promise.resolve();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<StoppingMailServer> {
    const server = createServer();
    const mailServer = new StoppingMailServer(server);
    server.on('connection', (socket) => void mailServer.talk(socket).catch(() => socket.destroy()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return mailServer;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How often it has taken mail to an address. */
  takenFor(address: string): number {
    return this.taken.filter(({ to }) => to === address).length;
  }

  /**
   * Falls silent at this stage, once, until `released`; a mail at its dot is taken only then. Resolves once somebody
   * stands there.
   */
  stopAt(stage: MailStage, released: Promise<unknown>): Promise<void> {
    return new Promise((reached) => (this.stop = { stage, reached, released }));
  }

  /** Ends the connections that clients keep for later. */
  hangUp(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Returns whether it was silent here. */
  private async pass(stage: MailStage): Promise<boolean> {
    if (this.stop?.stage !== stage) return false;
    const { reached, released } = this.stop;
    this.stop = undefined;
    reached();
    await released;
    return true;
  }

  private async talk(socket: Socket): Promise<void> {
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    const say = (line: string) => void socket.write(`${line}\r\n`);
    const chunks = socket.setEncoding('latin1').iterator({ destroyOnReturn: false }) as AsyncIterator<string>;
    let unread = '';
    /** What comes before `end`; nothing more comes of a client that is gone. */
    const until = async (end: string): Promise<string> => {
      while (!unread.includes(end)) {
        const { value, done } = await chunks.next();
        if (done) throw new Error('It hung up.');
        unread += value;
      }
      const [read = ''] = unread.split(end, 1);
      unread = unread.slice(read.length + end.length);
      return read;
    };

    await this.pass('greeting');
    say('220 mail.example.org');
    let to = '';
    for (;;) {
      const line = await until('\r\n');
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'RCPT') {
        to = /<([^>]*)>/.exec(line)?.[1] ?? '';
        await this.pass('recipient');
      }
      if (verb === 'DATA') {
        say('354 go on');
        const head = await until('\r\n\r\n');
        // Nobody ever reads a byte of what follows.
        if (await this.pass('mid-body')) return void socket.destroy();
        unread = `\r\n${unread}`;
        await until(endOfMail);
        await this.pass('dot');
        await this.beforeTaking();
        this.taken.push({ to, messageId: /^message-id: *(\S+)/im.exec(head)?.[1] ?? '' });
      }
      say(verb === 'QUIT' ? '221 bye' : '250 ok');
      if (verb === 'QUIT') return void socket.end();
    }
  }
}
