import type { Socket } from 'node:net';
import type { Counter, HandOver } from './counter.ts';

const endOfMessage = '\r\n.\r\n';

/** One SMTP connection (RFC 5321), as far as a client of ours goes, with the conduct that its recipient meets. */
export class Session {
  private readonly socket: Socket;
  private readonly counter: Counter;
  private read = '';
  private readsMessage = false;
  private handOver: HandOver | undefined;

  constructor(socket: Socket, counter: Counter) {
    this.socket = socket;
    this.counter = counter;
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => counter.open.delete(this));
    socket.on('data', (text: string) => this.take(text));
    this.say('220 chaos.example ESMTP');
  }

  private take(text: string): void {
    this.read += text;
    for (;;) {
      if (this.readsMessage && this.handOver?.conduct.leavesAt === 'body') return this.leave(this.handOver);
      const mark = this.readsMessage ? endOfMessage : '\r\n';
      const end = this.read.indexOf(mark);
      if (end < 0) return undefined;
      const part = this.read.slice(0, end);
      this.read = this.read.slice(end + mark.length);
      if (this.readsMessage && this.handOver) this.takeMessage(part, this.handOver);
      else this.obey(part);
    }
  }

  private obey(line: string): void {
    const [command = ''] = line.toUpperCase().split(/[ :]/, 1);
    if (command === 'EHLO') return this.say('250-chaos.example\r\n250 SIZE 1000000');
    if (command === 'RCPT') return this.begin(/<([^>]*)>/.exec(line)?.[1] ?? '');
    if (command === 'DATA' && this.handOver) return this.letCome(this.handOver);
    if (command === 'QUIT') return void this.socket.end('221 Bye\r\n');
    return this.say('250 Yes');
  }

  private begin(recipient: string): void {
    const { counter } = this;
    const handOver = counter.begin(recipient);
    this.handOver = handOver;
    counter.open.set(this, recipient);
    counter.pass('recipient', handOver);
    const { rcpt } = handOver.conduct;
    if (rcpt === 250) return this.say('250 Yes');
    counter.note('refused', handOver, { code: rcpt });
    this.say(`${rcpt} No`);
    if (rcpt === 421) this.socket.end();
    return undefined;
  }

  private letCome(handOver: HandOver): void {
    if (handOver.conduct.leavesAt === 'data') return this.leave(handOver);
    this.counter.note('data', handOver);
    this.readsMessage = true;
    this.counter.pass('data', handOver);
    return this.say('354 Go on');
  }

  /** From the final dot on the server goes on by itself, whoever still listens. */
  private takeMessage(text: string, handOver: HandOver): void {
    const { counter } = this;
    const { accepts, acceptsAfterMs, answersAfterMs } = handOver.conduct;
    this.readsMessage = false;
    const messageId = /^Message-ID:\s*(\S+)/im.exec(text)?.[1] ?? '';
    counter.note('dot', handOver, { messageId });
    counter.pass('dot', handOver);
    const take = (): void => {
      if (accepts) counter.note('accepted', handOver, { messageId });
      if (accepts) counter.pass('accepted', handOver);
      setTimeout(() => this.answer(handOver, messageId), answersAfterMs);
    };
    // At once, and not in the next turn: a worker that was struck at the dot is not waited for either.
    if (acceptsAfterMs === 0) take();
    else setTimeout(take, acceptsAfterMs);
  }

  private answer(handOver: HandOver, messageId: string): void {
    const { counter, socket } = this;
    const { answer, accepts } = handOver.conduct;
    if (answer === null || !socket.writable || socket.readableEnded) {
      counter.note('unanswered', handOver, { messageId });
      return this.leave(handOver);
    }
    counter.open.delete(this);
    this.say(`${answer} ${accepts ? 'Taken' : 'No'}`);
    if (!accepts) return counter.note('refused', handOver, { messageId, code: answer });
    counter.note('answered', handOver, { messageId });
    return counter.pass('answered', handOver);
  }

  private leave(handOver: HandOver): void {
    if (handOver.conduct.leavesAt) this.counter.note('left', handOver);
    this.read = '';
    this.socket.destroy();
  }

  private say(text: string): void {
    this.socket.write(`${text}\r\n`);
  }
}
