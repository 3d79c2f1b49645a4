import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scaled } from '../support/scale.ts';
import { Scene } from './scene.ts';
import { terminate } from './terminate.ts';

const times = scaled(3, 100);
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1_000));
const perMailMs = 20;
/** More than are handed over from one signal to the next. */
const backlog = 60;

describe(`SIGTERM under load, ${times} times (SEED=${seed})`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.start();
    scene.mail.beforeTaking = () => delay(perMailMs);
  });
  afterAll(() => scene.stop());

  it('ends each worker in time, taints nothing and sends nothing twice', async () => {
    let worker = scene.worker();
    const ends: unknown[] = [];
    for (let round = 0; round < times; round += 1) {
      await keepBusy();
      const atMail = scene.mail.taken.length + ((seed + round * 7) % 20);
      await expect
        .poll(() => scene.mail.taken.length, { timeout: 60_000, interval: 1 })
        .toBeGreaterThan(atMail);
      const ending = worker;
      worker = scene.worker();
      ends.push(await terminate(ending));
    }
    expect(new Set(ends)).toEqual(new Set([0]));
    await expect
      .poll(() => scene.counts(), { timeout: 120_000 })
      .toEqual([{ status: 'sent', tainted: false, count: scene.addresses.length }]);
    expect(scene.mail.taken.map(({ to }) => to).toSorted()).toEqual(scene.addresses.toSorted());
    process.stdout.write(
      `${times} SIGTERM among ${scene.addresses.length} mails: none tainted, none twice.\n`,
    );
    expect(await terminate(worker)).toBe(0);
  });

  /** Sees to it that there is something to deliver until the next signal. */
  async function keepBusy(): Promise<void> {
    const open = scene.addresses.length - scene.mail.taken.length;
    if (open < backlog) await scene.send(backlog);
  }
});
