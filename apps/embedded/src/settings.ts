import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '#platform/config';
import { createdOnce } from '#platform/data-dir';

const secretsShape = z.object({ jwtSecret: z.string().min(32), encryptionKey: z.string().min(32) });
const demoShape = z.object({ email: z.string(), password: z.string() });

/** The demo account's sign-in, to be printed and to be seeded. */
export type DemoAccount = z.infer<typeof demoShape>;

/** What the embedded profile makes up once and keeps in the data folder, unless a variable sets it. */
export interface KeptSettings {
  /** Variables for the processes that need them; those that are set already, also as `*_FILE`, are not repeated. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly demo: DemoAccount | null;
}

export function keptSettings(config: Config): KeptSettings {
  const kept = createdOnce(join(config.dataDir, 'secrets.json'), secretsShape, () => ({
    jwtSecret: randomBytes(32).toString('base64url'),
    encryptionKey: randomBytes(32).toString('base64url'),
  }));
  const demo = config.demo ? demoAccount(config) : null;
  return {
    secrets: {
      ...(config.jwtSecret === null && { JWT_SECRET: kept.jwtSecret }),
      ...(config.encryptionKey === null && { ENCRYPTION_KEY: kept.encryptionKey }),
      ...(demo && { DEMO_EMAIL: demo.email }),
      ...(demo && config.demoPassword === null && { DEMO_PASSWORD: demo.password }),
    },
    demo,
  };
}

function demoAccount({ dataDir, demoEmail, demoPassword }: Config): DemoAccount {
  if (demoPassword !== null) return { email: demoEmail, password: '(the one in DEMO_PASSWORD)' };
  const kept = createdOnce(join(dataDir, 'demo.json'), demoShape, () => ({
    email: demoEmail,
    password: randomBytes(9).toString('base64url'),
  }));
  return { email: demoEmail, password: kept.password };
}
