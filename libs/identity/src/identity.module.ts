import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import type { ContextPersistence } from '#platform/persistence';
import { AccessTokens } from './features/access-tokens.ts';
import { FindContactsHandler } from './features/find-contacts.ts';
import { LogInHandler } from './features/log-in.ts';
import { LogOutHandler } from './features/log-out.ts';
import { RefreshSessionHandler } from './features/refresh-session.ts';
import { RegisterHandler } from './features/register.ts';
import { SeedDemoAccount } from './features/seed-demo-account.ts';
import { Sessions } from './features/sessions.ts';
import { AccessTokenStrategy } from './http/access-token.strategy.ts';
import { AuthController } from './http/auth.controller.ts';
import { AuthenticationGuard } from './http/authentication.guard.ts';
import { identityMigrations } from './persistence/identity.migrations.ts';
import { UserSchema } from './persistence/user.schema.ts';

export const identityPersistence: ContextPersistence = {
  entities: [UserSchema],
  migrations: identityMigrations,
};

/** Commands and queries about accounts. */
@Module({
  imports: [JwtModule.register({})],
  providers: [
    AccessTokens,
    Sessions,
    RegisterHandler,
    LogInHandler,
    RefreshSessionHandler,
    LogOutHandler,
    FindContactsHandler,
  ],
})
export class IdentityModule {}

/** The HTTP side: routes of accounts, the guard before all others, the demo account. */
@Module({
  imports: [IdentityModule, PassportModule],
  controllers: [AuthController],
  providers: [AccessTokenStrategy, { provide: APP_GUARD, useClass: AuthenticationGuard }, SeedDemoAccount],
})
export class IdentityHttpModule {}
