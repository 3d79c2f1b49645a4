import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { certificate } from './certificate.ts';

/** Where a server can misbehave; `body` is the first byte of a message, `idle` after an accepted one. */
export type Stage =
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'handshake'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'body'
  | 'dot'
  | 'idle'
  | 'RSET';

/** What a server does at a stage instead of what it should; nothing at all is silence. */
export interface Deed {
  /** An answer of one or several lines. */
  readonly say?: string;
  /** These bytes, and no line's end. */
  readonly raw?: string | Buffer;
  /** Milliseconds that it thinks about that. */
  readonly after?: number;
  /** `end` says goodbye to TCP, `reset` does not, `deaf` reads nothing any more. */
  readonly and?: 'end' | 'reset' | 'deaf';
}

export interface Script {
  readonly starttls: boolean;
  readonly deeds?: Partial<Record<Stage, Deed>>;
  /** How often it does each of them before it behaves. */
  readonly times?: number;
  /** What it announces beside STARTTLS. */
  readonly extensions?: readonly string[];
}

/** A mail server that does at each stage what it is told, down to the byte. */
export class ScriptedSmtp {
  /** Messages that it answers for: all whose final dot it saw, unless it refused them in so many words. */
  readonly taken: string[] = [];
  connections = 0;
  /** Commands as they came, over all connections. */
  readonly heard: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly done = new Map<Stage, number>();

  private constructor(
    private readonly server: Server,
    readonly script: Script,
  ) {}

  static async start(script: Script): Promise<ScriptedSmtp> {
    const server = createServer().listen(0, '127.0.0.1');
    const scripted = new ScriptedSmtp(server, script);
    server.on('connection', (socket) => scripted.serve(socket));
    await once(server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The deed of a stage, as often as it is to be done. */
  deed(stage: Stage): Deed | undefined {
    const deed = this.script.deeds?.[stage];
    const done = this.done.get(stage) ?? 0;
    if (!deed || done >= (this.script.times ?? 1)) return undefined;
    this.done.set(stage, done + 1);
    return deed;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private serve(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
    new Session(this, socket).at('greeting', '220 mail.example.org ESMTP');
  }
}

/** One connection to it. */
class Session {
  private socket: Socket;
  private readonly plain: Socket;
  private rest = '';
  private mode: 'commands' | 'body' = 'commands';
  private message = '';

  constructor(
    private readonly server: ScriptedSmtp,
    socket: Socket,
  ) {
    this.socket = socket;
    this.plain = socket;
    this.listen();
  }

  /** Answers as it should, unless the script says otherwise; before TLS it only misbehaves where TLS begins. */
  at(stage: Stage, proper: string, andThen?: () => void): void {
    const beforeTls = this.server.script.starttls && this.socket === this.plain;
    const deed = beforeTls && !['greeting', 'STARTTLS'].includes(stage) ? undefined : this.server.deed(stage);
    if (stage === 'dot' && !/^[45]\d\d/.test(String(deed?.say ?? deed?.raw ?? ''))) {
      this.server.taken.push(this.message);
    }
    if (deed) this.perform(deed);
    else if (proper) this.say(proper);
    if (!deed || /^[23]/.test(deed.say ?? '')) andThen?.();
  }

  private perform({ after, ...deed }: Deed): void {
    if (after !== undefined) {
      setTimeout(() => this.perform(deed), after);
      return;
    }
    const { say, raw, and } = deed;
    if (say !== undefined) this.say(say);
    if (raw !== undefined) this.socket.write(raw);
    if (and === 'end') this.plain.end();
    if (and === 'reset') this.plain.resetAndDestroy();
    if (and === 'deaf') this.socket.pause();
  }

  private say(lines: string): void {
    if (this.socket.writable) this.socket.write(`${lines.replaceAll('\n', '\r\n')}\r\n`);
  }

  private listen(): void {
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => {
      if (this.mode === 'body' && this.message === '') this.at('body', '');
      const lines = (this.rest + chunk.toString('latin1')).split('\r\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.hear(line);
    });
  }

  private hear(line: string): void {
    if (this.mode === 'body') {
      if (line !== '.') {
        this.message += `${line.replace(/^\./, '')}\r\n`;
        return;
      }
      this.mode = 'commands';
      this.at('dot', '250 2.0.0 queued as 4711', () => this.at('idle', ''));
      return;
    }
    this.server.heard.push(line);
    this.obey(line.split(/[ :]/, 1)[0]?.toUpperCase() ?? '');
  }

  private obey(command: string): void {
    const { starttls, extensions = [] } = this.server.script;
    const offered = [...extensions, ...(starttls && this.socket === this.plain ? ['STARTTLS'] : [])];
    const greeted = ['mail.example.org', ...offered].map(
      (line, index) => `250${index < offered.length ? '-' : ' '}${line}`,
    );
    if (command === 'EHLO') this.at('EHLO', greeted.join('\n'));
    else if (command === 'HELO') this.at('HELO', '250 mail.example.org');
    else if (command === 'STARTTLS' && starttls)
      this.at('STARTTLS', '220 2.0.0 go ahead', () => this.secure());
    else if (command === 'AUTH') this.at('AUTH', '235 2.7.0 welcome');
    else if (command === 'MAIL') this.at('MAIL', '250 2.1.0 ok');
    else if (command === 'RCPT') this.at('RCPT', '250 2.1.5 ok');
    else if (command === 'DATA') {
      this.at('DATA', '354 go on', () => {
        this.mode = 'body';
        this.message = '';
      });
    } else if (command === 'RSET') this.at('RSET', '250 2.0.0 ok');
    else if (command === 'QUIT') this.perform({ say: '221 2.0.0 bye', and: 'end' });
    else this.say('500 5.5.1 what?');
  }

  private secure(): void {
    this.plain.removeAllListeners('data');
    const deed = this.server.deed('handshake');
    if (deed) {
      this.plain.once('data', () => this.perform(deed));
      return;
    }
    this.socket = new TLSSocket(this.plain, { isServer: true, ...certificate });
    this.listen();
  }
}
