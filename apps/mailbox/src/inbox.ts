import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readMessage, type Envelope, type Message } from './message.ts';

const FILE_NAME = /^(\d{13}-[\da-f]{8})\.eml(\.partial)?$/;
const FIRST_LINE = 'X-Tocsin-Mailbox: ';
const Received = z.object({
  receivedAt: z.iso.datetime(),
  envelope: z.object({ from: z.string(), to: z.array(z.string()) }),
});

/**
 * The received mails: one `.eml` file each in a folder, whose first header line holds the envelope as JSON,
 * and the same mails read in memory.
 */
export class Inbox {
  #messages: Message[] = [];
  #lastStamp = 0;
  #changes = 0;
  readonly #openedAt = Date.now();

  private constructor(
    private readonly directory: string,
    private readonly limit: number,
  ) {}

  /** Reads what an earlier run left in the folder; a file that is no mail of ours is reported and left alone. */
  static async open(directory: string, limit: number): Promise<Inbox> {
    await mkdir(directory, { recursive: true });
    const inbox = new Inbox(directory, limit);
    for (const file of (await readdir(directory)).sort()) {
      const [, id, partial] = FILE_NAME.exec(file) ?? [];
      if (partial) await rm(join(directory, file), { force: true });
      else if (id) await inbox.#load(id);
    }
    await inbox.#prune();
    return inbox;
  }

  /** Newest first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Differs whenever the list differs, over restarts too. */
  get version(): string {
    return `${this.#openedAt}-${this.#changes}`;
  }

  find(id: string): Message | undefined {
    return this.#messages.find((message) => message.id === id);
  }

  /** Resolves once the mail would survive a power cut. */
  async add(envelope: Envelope, raw: Uint8Array): Promise<Message> {
    const id = this.#nextId();
    const receivedAt = new Date().toISOString();
    const firstLine = `${FIRST_LINE}${JSON.stringify({ receivedAt, envelope })}\r\n`;
    await this.#writeDurably(id, Buffer.concat([Buffer.from(firstLine), raw]));
    const message = await readMessage({ id, receivedAt, envelope }, raw);
    this.#insert(message);
    await this.#prune();
    return message;
  }

  /** The mail as it came over the wire, undefined when it is not there (any more). */
  async source(id: string): Promise<Buffer | undefined> {
    if (!this.find(id)) return undefined;
    return this.#read(id).then(
      ({ raw }) => raw,
      () => undefined,
    );
  }

  async clear(): Promise<void> {
    await this.#remove(this.#messages.splice(0));
  }

  async #load(id: string): Promise<void> {
    try {
      const { receivedAt, envelope, raw } = await this.#read(id);
      this.#insert(await readMessage({ id, receivedAt, envelope }, raw));
      // Ids keep growing even if the machine's clock was set back between two runs.
      this.#lastStamp = Math.max(this.#lastStamp, Number.parseInt(id, 10));
    } catch (error) {
      console.error(`mailbox: ${id}.eml cannot be read and is left out: ${String(error)}`);
    }
  }

  async #read(id: string): Promise<z.infer<typeof Received> & { raw: Buffer }> {
    const file = await readFile(this.#path(id));
    const end = file.indexOf('\r\n');
    const firstLine = file.subarray(0, end).toString();
    if (!firstLine.startsWith(FIRST_LINE)) throw new Error('no envelope in its first line');
    const received = Received.parse(JSON.parse(firstLine.slice(FIRST_LINE.length)));
    return { ...received, raw: file.subarray(end + 2) };
  }

  /** Written aside, synced and renamed: a crash leaves either the whole mail or none. */
  async #writeDurably(id: string, content: Buffer): Promise<void> {
    const partial = `${this.#path(id)}.partial`;
    const file = await open(partial, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, this.#path(id));
    const folder = await open(this.directory);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #insert(message: Message): void {
    // Two mails may be written at once and finish in the other order.
    const older = this.#messages.findIndex(({ id }) => id < message.id);
    this.#messages.splice(older === -1 ? this.#messages.length : older, 0, message);
    this.#changes += 1;
  }

  async #prune(): Promise<void> {
    // A mail that is stored must be answered with 250 even if an old one cannot be deleted.
    await this.#remove(this.#messages.splice(this.limit)).catch(() => undefined);
  }

  async #remove(messages: Message[]): Promise<void> {
    if (messages.length === 0) return;
    this.#changes += 1;
    await Promise.all(messages.map(({ id }) => rm(this.#path(id), { force: true })));
  }

  /** Sorts by time of arrival; the random part keeps two programs on one folder apart. */
  #nextId(): string {
    this.#lastStamp = Math.max(Date.now(), this.#lastStamp + 1);
    return `${this.#lastStamp}-${randomBytes(4).toString('hex')}`;
  }

  #path(id: string): string {
    return join(this.directory, `${id}.eml`);
  }
}
