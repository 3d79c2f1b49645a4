import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import type { ContextPersistence } from '#platform/persistence';
import { AccessTokens } from './features/access-tokens.ts';
import { AccountMails } from './features/account-mails.ts';
import { AddressChanges } from './features/address-changes.ts';
import { ApiKeys } from './features/api-keys.ts';
import { AuditLog } from './features/audit-log.ts';
import { ConfirmAddressHandler } from './features/confirm-address.ts';
import { ConfirmRegistration } from './features/confirm-registration.ts';
import { CreateApiKeyHandler } from './features/create-api-key.ts';
import { Credentials } from './features/credentials.ts';
import { DeleteAccountHandler } from './features/delete-account.ts';
import { EditProfileHandler } from './features/edit-profile.ts';
import { EditUserHandler } from './features/edit-user.ts';
import { EndOtherSessionsHandler } from './features/end-other-sessions.ts';
import { EndSessionHandler } from './features/end-session.ts';
import { EndedSessions } from './features/ended-sessions.ts';
import { FindContactsHandler } from './features/find-contacts.ts';
import { FindProfileHandler } from './features/find-profile.ts';
import { FindUserHandler } from './features/find-user.ts';
import { ForgetExpired } from './features/forget-expired.ts';
import { HoldAccountsHandler } from './features/hold-accounts.ts';
import { ListApiKeysHandler } from './features/list-api-keys.ts';
import { ListAuditHandler } from './features/list-audit.ts';
import { ListSessionsHandler } from './features/list-sessions.ts';
import { ListUsersHandler } from './features/list-users.ts';
import { LogInHandler } from './features/log-in.ts';
import { LogOutHandler } from './features/log-out.ts';
import { MailedTokens } from './features/mailed-tokens.ts';
import { Newcomers } from './features/newcomers.ts';
import { OnAddressChangeRequested } from './features/on-address-change-requested.ts';
import { OnConfirmationRequested } from './features/on-confirmation-requested.ts';
import { OnPasswordResetRequested } from './features/on-password-reset-requested.ts';
import { OnRegistrationRequested } from './features/on-registration-requested.ts';
import { OpenWebSessionHandler } from './features/open-web-session.ts';
import { OpenIdProvider } from './features/openid/openid-provider.ts';
import { OpenIdSignIn } from './features/openid/openid-sign-in.ts';
import { PasswordChanges } from './features/password-changes.ts';
import { RefreshSessionHandler } from './features/refresh-session.ts';
import { RegisterHandler } from './features/register.ts';
import { RequestConfirmationHandler } from './features/request-confirmation.ts';
import { RequestPasswordResetHandler } from './features/request-password-reset.ts';
import { ResetPasswordHandler } from './features/reset-password.ts';
import { RevokeApiKeyHandler } from './features/revoke-api-key.ts';
import { RevokeSessionHandler } from './features/revoke-session.ts';
import { SeedDemoAccount } from './features/seed-demo-account.ts';
import { Sessions } from './features/sessions.ts';
import { SetUpHandler } from './features/set-up.ts';
import { SetupLinks } from './features/setup-links.ts';
import { SignInExternallyHandler } from './features/sign-in-externally.ts';
import { WebSessions } from './features/web-sessions.ts';
import { AccountPagesController } from './http/account-pages.controller.ts';
import { ApiKeysController } from './http/api-keys.controller.ts';
import { AttemptLimits } from './http/attempt-limits.ts';
import { AuditController } from './http/audit.controller.ts';
import { AuthController } from './http/auth.controller.ts';
import { AuthenticationGuard } from './http/authentication.guard.ts';
import { EarlierTokens } from './http/earlier-tokens.ts';
import { MailedTokensController } from './http/mailed-tokens.controller.ts';
import { MeController } from './http/me.controller.ts';
import { OidcController } from './http/oidc.controller.ts';
import { PrintSetupLink } from './http/print-setup-link.ts';
import { SameOrigin } from './http/session-cookie.ts';
import { SessionsController } from './http/sessions.controller.ts';
import { SetupController } from './http/setup.controller.ts';
import { SignInCookie } from './http/sign-in-cookie.ts';
import { UsersController } from './http/users.controller.ts';
import { WebSessionController } from './http/web-session.controller.ts';
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
    ApiKeys,
    AuditLog,
    Credentials,
    EndedSessions,
    Newcomers,
    Sessions,
    SetupLinks,
    WebSessions,
    AccountMails,
    ConfirmRegistration,
    PasswordChanges,
    AddressChanges,
    MailedTokens,
    RegisterHandler,
    OnRegistrationRequested,
    RequestConfirmationHandler,
    OnConfirmationRequested,
    ConfirmAddressHandler,
    RequestPasswordResetHandler,
    OnPasswordResetRequested,
    ResetPasswordHandler,
    FindProfileHandler,
    EditProfileHandler,
    OnAddressChangeRequested,
    LogInHandler,
    OpenWebSessionHandler,
    SignInExternallyHandler,
    RefreshSessionHandler,
    LogOutHandler,
    EndSessionHandler,
    SetUpHandler,
    FindContactsHandler,
    HoldAccountsHandler,
    DeleteAccountHandler,
    CreateApiKeyHandler,
    ListApiKeysHandler,
    RevokeApiKeyHandler,
    ListSessionsHandler,
    RevokeSessionHandler,
    EndOtherSessionsHandler,
    ListUsersHandler,
    FindUserHandler,
    EditUserHandler,
    ListAuditHandler,
  ],
  exports: [AccessTokens, ApiKeys, EndedSessions, Newcomers, SetupLinks, WebSessions],
})
export class IdentityModule {}

/** The HTTP side: routes of accounts, the guard before all others, the demo account. */
@Module({
  imports: [IdentityModule, JwtModule.register({})],
  controllers: [
    ApiKeysController,
    AuthController,
    MailedTokensController,
    SetupController,
    WebSessionController,
    MeController,
    OidcController,
    SessionsController,
    UsersController,
    AuditController,
    AccountPagesController,
  ],
  providers: [
    AttemptLimits,
    EarlierTokens,
    SameOrigin,
    OpenIdProvider,
    OpenIdSignIn,
    SignInCookie,
    { provide: APP_GUARD, useClass: AuthenticationGuard },
    ForgetExpired,
    SeedDemoAccount,
    PrintSetupLink,
  ],
})
export class IdentityHttpModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly ended: EndedSessions) {}

  onApplicationBootstrap(): Promise<void> {
    return this.ended.follow();
  }

  onApplicationShutdown(): Promise<void> {
    return this.ended.unfollow();
  }
}
