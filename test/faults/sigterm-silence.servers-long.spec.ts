import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';
import { terminate } from './terminate.ts';

describe('SIGTERM while the mail server is silent after the dot of one mail', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.start();
  });
  afterAll(() => scene.stop());

  it('ends the worker in time; that mail is tainted, since nobody knows, and no other', async () => {
    const answered = Promise.withResolvers<void>();
    const worker = scene.worker();
    const silent = scene.mail.stopAt('dot', answered.promise);
    const { id } = await scene.send(20);
    await silent;
    await expect.poll(() => scene.mail.taken.length, { timeout: 60_000 }).toBe(19);
    expect(await terminate(worker)).toBe(0);
    expect(await scene.counts()).toEqual([
      { status: 'retrying', tainted: true, count: 1 },
      { status: 'sent', tainted: false, count: 19 },
    ]);
    answered.resolve();

    const next = scene.worker();
    await expect
      .poll(() => scene.counts(), { timeout: 60_000 })
      .toEqual([
        { status: 'sent', tainted: false, count: 19 },
        { status: 'sent', tainted: true, count: 1 },
      ]);
    // The one that was late counts: nobody was told.
    expect(scene.mail.taken).toHaveLength(21);
    const tainted = (await scene.rows(id)).find((row) => row.tainted);
    expect(tainted?.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
    expect(await terminate(next)).toBe(0);
  });
});
