import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAlerts } from '../support/client/index.ts';
import { newPerson, returning } from '../support/person.ts';
import { runCommand } from '../support/run-command.ts';
import { TocsinPerTest } from '../support/tocsin-per-test.ts';

describe('a backup of the embedded database', () => {
  const tocsins = new TocsinPerTest();
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'tocsin-backups-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'is taken while Tocsin runs, and put back into the same folder with all sending held',
    { timeout: 240_000 },
    async () => {
      const { variables, dataDir } = tocsins;
      const file = join(folder, 'kept.tar.gz');
      const first = tocsins.start();
      const ada = await newPerson([await first.ready()], 'ada@example.org');
      const backup = await runCommand('backup', [file], variables);
      expect(backup).toMatchObject({ code: 0, output: expect.stringMatching(/identity\.users +1 row\n/) });
      first.kill('SIGTERM');
      await first.ended();

      const restored = await runCommand('restore', [file, '--replace'], variables);
      expect(restored).toMatchObject({ code: 0, output: expect.stringContaining('All sending is held') });
      const replaced = readdirSync(dataDir).find((name) => name.startsWith('replaced-')) ?? '';
      expect(existsSync(join(dataDir, replaced, 'postgres'))).toBe(true);
      expect(restored.output).toContain(join(dataDir, replaced));

      const second = tocsins.start();
      const url = await second.ready();
      expect(second.output).toMatch(/Attention +Sending is held since .* UTC: npm run release/);
      // Her token of before, and her password.
      expect((await listAlerts({ ...ada, throwOnError: true })).data.total).toBe(0);
      await returning([url], ada.email, 'correct horse battery staple');
      const released = await runCommand('release', ['--send'], variables);
      expect(released).toMatchObject({
        code: 0,
        output: expect.stringContaining('Sending is released. 0 m'),
      });
    },
  );
});
