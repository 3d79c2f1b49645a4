import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Inbox } from './inbox.ts';

const envelope = { from: 'tocsin@example.org', to: ['ada@example.org'] };
const mail = (subject: string) =>
  Buffer.from(`From: tocsin@example.org\r\nTo: ada@example.org\r\nSubject: ${subject}\r\n\r\nHello\r\n`);
const subjects = (inbox: Inbox) => inbox.messages.map(({ subject }) => subject);

describe('the inbox on disk', () => {
  let directory: string;
  const complaints = vi.spyOn(console, 'error');

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-inbox-'));
    complaints.mockReset().mockReturnValue();
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('shows the same mails in the same order after a restart', async () => {
    const before = await Inbox.open(directory, 10);
    await before.add(envelope, mail('first'));
    await before.add(envelope, mail('second'));
    const after = await Inbox.open(directory, 10);
    expect(subjects(after)).toEqual(['second', 'first']);
    expect(after.messages).toEqual(before.messages);
    expect(await after.source(after.messages[0]?.id ?? '')).toEqual(mail('second'));
  });

  it('keeps mails that arrive at the same moment apart and in order', async () => {
    const inbox = await Inbox.open(directory, 10);
    await Promise.all(['a', 'b', 'c', 'd'].map((subject) => inbox.add(envelope, mail(subject))));
    expect(subjects(inbox)).toEqual(['d', 'c', 'b', 'a']);
  });

  it('sorts a new mail above one that carries a later time, after the clock was set back', async () => {
    const inbox = await Inbox.open(directory, 10);
    vi.spyOn(Date, 'now').mockReturnValueOnce(9_000_000_000_000);
    await inbox.add(envelope, mail('from the future'));
    const restarted = await Inbox.open(directory, 10);
    await restarted.add(envelope, mail('after it'));
    expect(subjects(restarted)).toEqual(['after it', 'from the future']);
  });

  it('deletes the oldest mails above its limit, from the list and from the disk', async () => {
    const inbox = await Inbox.open(directory, 3);
    for (const subject of ['1', '2', '3', '4', '5']) await inbox.add(envelope, mail(subject));
    expect(subjects(inbox)).toEqual(['5', '4', '3']);
    expect(await readdir(directory)).toHaveLength(3);
  });

  it('deletes down to a limit that became smaller while it was off', async () => {
    const inbox = await Inbox.open(directory, 10);
    for (const subject of ['1', '2', '3']) await inbox.add(envelope, mail(subject));
    expect(subjects(await Inbox.open(directory, 1))).toEqual(['3']);
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('leaves files that it cannot read alone, names them, and shows the rest', async () => {
    await (await Inbox.open(directory, 10)).add(envelope, mail('whole'));
    await writeFile(join(directory, '1700000000000-00000001.eml'), 'nothing of ours');
    await writeFile(
      join(directory, '1700000000000-00000002.eml'),
      'X-Tocsin-Mailbox: {"envelope":1}\r\n\r\n',
    );
    await writeFile(join(directory, '1700000000000-00000003.eml'), 'X-Tocsin-Mailbox: {"rece');
    await mkdir(join(directory, '1700000000000-00000004.eml'));
    await writeFile(join(directory, 'notes.txt'), 'a note');
    const inbox = await Inbox.open(directory, 10);
    expect(subjects(inbox)).toEqual(['whole']);
    expect(complaints).toHaveBeenCalledTimes(4);
    for (const n of [1, 2, 3, 4]) {
      const named = `mailbox: 1700000000000-0000000${n}.eml cannot be read`;
      expect(complaints).toHaveBeenNthCalledWith(n, expect.stringContaining(named));
    }
    expect(await readdir(directory)).toHaveLength(6);
  });

  it('forgets what a crash left half written', async () => {
    await writeFile(join(directory, '1700000000000-00000001.eml.partial'), 'X-Tocsin-Mailbox: {"rece');
    expect((await Inbox.open(directory, 10)).messages).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('leaves a file that any mail program opens, with the envelope in its first line', async () => {
    const { id } = await (await Inbox.open(directory, 10)).add(envelope, mail('portable'));
    const [first, ...rest] = (await readFile(join(directory, `${id}.eml`), 'utf8')).split('\r\n');
    expect(first).toMatch(/^X-Tocsin-Mailbox: \{.*"to":\["ada@example.org"\]/);
    expect(rest.join('\r\n')).toBe(mail('portable').toString());
  });

  it('says that the list changed when mail comes and when it goes', async () => {
    const inbox = await Inbox.open(directory, 10);
    const versions = [inbox.version];
    await inbox.add(envelope, mail('one'));
    versions.push(inbox.version);
    await inbox.clear();
    versions.push(inbox.version);
    expect(new Set(versions).size).toBe(3);
    expect(inbox.version).toBe(versions[2]);
  });

  it('shows a mail that no parser understands by its envelope', async () => {
    const inbox = await Inbox.open(directory, 10);
    const nested = Array.from({ length: 300 }, (_, n) => {
      return `Content-Type: multipart/mixed; boundary="b${n}"\r\n\r\n--b${n}\r\n`;
    });
    const message = await inbox.add(envelope, Buffer.from(nested.join('')));
    expect(message).toMatchObject({ envelope, from: null, to: [], subject: '', text: null, html: null });
  });
});
