import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type End, type Point, points } from './points.ts';
import { Scene } from './scene.ts';

/** A point, and whether the notification is deleted while somebody stands there. */
export interface Case {
  readonly point: Point;
  readonly deleted: boolean;
}

export const cases: readonly Case[] = points.flatMap((point) => [
  { point, deleted: false },
  { point, deleted: true },
]);

const patient = { timeout: 150_000, interval: 25 };

/** So many of them, spread over all points, beginning anywhere. */
export function someCases(count: number, seed: number): Case[] {
  const quick = cases.filter(({ point, deleted }) => deleted || !point.slow);
  return Array.from({ length: count }, (_, index) => {
    const chosen = quick[(seed + Math.floor((index * quick.length) / count)) % quick.length];
    if (!chosen) throw new Error('There are no points.');
    return chosen;
  });
}

/** The tests that kill a process at each of these points; another worker has to bring the delivery to its end. */
export function killAt(chosen: readonly Case[]): void {
  let scene: Scene;
  /** The one that goes on after a kill, and is the next victim. */
  let worker: ChildProcess | undefined;
  const ended: { readonly id: string; readonly to: string; readonly end: End }[] = [];

  beforeAll(async () => {
    scene = await Scene.start();
  });
  afterAll(async () => {
    // It may still be starting.
    if (worker) await scene.installation.kill(worker);
    await scene.stop();
  });

  it.each(
    chosen.map(({ point, deleted }) => [deleted ? 'deleted, ' : '', point.name, point, deleted] as const),
  )('%s%s', async (_deleted, _name, point, deleted) => {
    const { victim, id, to, release } = await standAt(point);
    await expect.poll(() => statusOf(id), patient).toBe(point.state);
    const deleting = deleted ? scene.delete(id) : undefined;
    await scene.answeredOrWaiting(deleting);
    await scene.installation.kill(victim);
    release();
    const answer = await deleting;
    const answeredAt = await scene.now();
    const left = deleted ? point.state : await statusOf(id);
    expect(left).toBe(point.state);

    worker ??= scene.worker();
    const end = deleted ? point.deleted.end : point.end;
    await expect.poll(() => endOf(id, to), patient).toEqual(end);
    ended.push({ id, to, end });
    if (!deleted) return;
    expect([answer, await scene.delete(id)]).toEqual(point.deleted.answers);
    const [row] = await scene.rows(id);
    expect(row?.attempts.filter(({ claimedAt }) => claimedAt > answeredAt)).toEqual([]);
  });

  it('and nothing of it changed afterwards: one row each, and duplicates under one Message-ID', async () => {
    for (const { id, to, end } of ended) {
      expect(await endOf(id, to)).toEqual(end);
      expect(await scene.rows(id)).toHaveLength(1);
      const ids = scene.mail.taken.filter((mail) => mail.to === to).map(({ messageId }) => messageId);
      expect(new Set(ids).size).toBe(Math.min(1, end.taken));
    }
  });

  /** Has a process stand at the point, with a mail of its own. */
  async function standAt({ victim: who, stop }: Point) {
    const { promise: released, resolve } = Promise.withResolvers<void>();
    scene.mail.hangUp();
    const release = () => resolve();
    if (who === undefined) {
      const victim = takeWorker();
      const stands = stop(scene, released);
      const mail = await scene.send();
      await stands;
      return { ...mail, victim, release };
    }
    if (worker) await scene.installation.kill(worker);
    worker = undefined;
    if (who === 'relay') {
      const victim = scene.worker('relay');
      const stands = stop(scene, released);
      const mail = await scene.send();
      await stands;
      return { ...mail, victim, release };
    }
    if (who === 'sweeper') {
      const first = scene.worker();
      const handing = scene.mail.stopAt('mid-body', released);
      const mail = await scene.send();
      await handing;
      await scene.installation.kill(first);
      const stands = stop(scene, released);
      const victim = scene.worker();
      await stands;
      return { ...mail, victim, release };
    }
    const relay = scene.worker('relay');
    const mail = await scene.send();
    await expect.poll(() => statusOf(mail.id), patient).toBe('pending');
    await scene.installation.kill(relay);
    const { process: victim, operator } = await scene.api();
    const stands = stop(scene, released);
    void scene.delete(mail.id, operator).catch(() => undefined);
    await stands;
    return { ...mail, victim, release };
  }

  function takeWorker(): ChildProcess {
    const victim = worker ?? scene.worker();
    worker = undefined;
    return victim;
  }

  async function statusOf(id: string): Promise<string | null> {
    return (await scene.rows(id))[0]?.status ?? null;
  }

  async function endOf(id: string, to: string): Promise<End | undefined> {
    const [row] = await scene.rows(id);
    if (!row) return undefined;
    const attempts = row.attempts.map(({ outcome }) => outcome ?? 'open');
    return { status: row.status, tainted: row.tainted, taken: scene.mail.takenFor(to), attempts };
  }
}
