import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const patient = { timeout: 240_000, interval: 100 };

describe('a worker that is stopped in the middle of a hand-over, and goes on later', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.start();
  });
  afterAll(() => scene.stop());

  /** Has a worker of its own begin a hand-over, and another one beside it that could take over. */
  async function handOver() {
    const answered = Promise.withResolvers<void>();
    const worker = scene.worker();
    const begun = scene.mail.stopAt('recipient', answered.promise);
    const { id, to } = await scene.send();
    await begun;
    const [row] = await scene.rows(id);
    return { worker, id, to, answer: answered.resolve, workerId: row?.workerId ?? 0, other: scene.worker() };
  }

  it('goes on where it was after a pause that is longer than the lock of its job', async () => {
    const { worker, other, id, to, answer } = await handOver();
    worker.kill('SIGSTOP');
    await expect.poll(() => scene.silence(), patient).toBeGreaterThan(45);
    worker.kill('SIGCONT');
    answer();
    await expect.poll(() => scene.rows(id), patient).toMatchObject([{ status: 'sent', tainted: false }]);
    const [row] = await scene.rows(id);
    expect(row?.attempts.map(({ outcome }) => outcome)).toEqual(['accepted']);
    expect(scene.mail.takenFor(to)).toBe(1);
    await Promise.all([worker, other].map((one) => scene.installation.kill(one)));
  });

  it('is disconnected when it hangs, its claim taken over and tainted; it fences itself and goes on under a new id', async () => {
    const { worker, other, id, to, answer, workerId } = await handOver();
    worker.kill('SIGSTOP');
    await expect.poll(() => scene.rows(id), patient).toMatchObject([{ status: 'sent', tainted: true }]);
    const [row] = await scene.rows(id);
    expect(row?.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
    answer();
    worker.kill('SIGCONT');
    await scene.installation.kill(other);
    const next = await scene.send();
    await expect.poll(() => scene.rows(next.id), patient).toMatchObject([{ status: 'sent', tainted: false }]);
    const [after] = await scene.rows(next.id);
    expect(after?.attempts[0]?.workerId).toBeGreaterThan(workerId);
    expect(scene.mail.takenFor(to)).toBe(1);
    // What it has learnt since is in the log, and changes nothing else.
    expect(await scene.rows(id)).toMatchObject([
      { status: 'sent', tainted: true, attempts: [{ outcome: 'refused' }, { outcome: 'accepted' }] },
    ]);
    await scene.installation.kill(worker);
  });
});
