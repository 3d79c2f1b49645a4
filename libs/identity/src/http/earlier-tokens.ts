import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Config } from '#platform/config';
import type { Principal, Role } from '#platform/http';
import { Database } from '#platform/persistence';
import { lifetimeSeconds } from '../features/access-tokens.ts';

/**
 * While a version is deployed that ends sessions at once, one that does not still gives access tokens, and they go to
 * either (docs/deploying.md). So where people were at work before its migration, those are believed for an hour after
 * it. They name no session: only their own end ends them. Goes away with the next release.
 */
@Injectable()
export class EarlierTokens implements OnApplicationBootstrap {
  private until = 0;

  constructor(
    private readonly database: Database,
    private readonly jwt: JwtService,
    private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const [upgraded] = await this.database.sql<{ until: Date }>`
      select later.executed_at + interval '1 hour' as until
      from platform.migrations as earlier join platform.migrations as later
        on later.executed_at > earlier.executed_at + interval '5 seconds'
      where earlier.name = '20261121000100_identity_users' and later.name = '20261122030000_identity_accounts'`;
    this.until = upgraded?.until.getTime() ?? 0;
  }

  /** Whom such a token names; null when it is none, or its time is over. */
  async read(token: string): Promise<Principal | null> {
    if (Date.now() > this.until) return null;
    try {
      const { header, payload } = this.jwt.verify<{
        header: { typ?: string; kid?: string };
        payload: { sub: string; exp?: number };
      }>(token, {
        secret: this.config.jwtSecret ?? '',
        algorithms: ['HS256'],
        issuer: 'tocsin',
        audience: 'tocsin-api',
        maxAge: lifetimeSeconds,
        complete: true,
      });
      if (header.typ !== 'JWT' || header.kid !== undefined || payload.exp === undefined) return null;
      return await this.principalOf(payload.sub);
    } catch {
      return null;
    }
  }

  /** A ban, a deletion and another role count here too. */
  private async principalOf(userId: string): Promise<Principal | null> {
    const [owner] = await this.database.sql<{ role: Role }>`
      select role from identity.users where id = ${userId} and banned_at is null`;
    return owner ? { userId, role: owner.role, sessionId: null, scopes: null } : null;
  }
}
