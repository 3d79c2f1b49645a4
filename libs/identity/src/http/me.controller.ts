import { Body, Controller, Delete, Get, HttpCode, Patch, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblem, ApiProblems, CurrentPrincipal, type Principal } from '#platform/http';
import { DeleteAccount } from '../features/delete-account.ts';
import { EditProfile } from '../features/edit-profile.ts';
import { FindProfile, type Profile } from '../features/find-profile.ts';
import type { Client } from '../features/sessions.ts';
import { FromClient } from './from-client.ts';
import { LimitAttempts } from './limit-attempts.ts';
import * as dto from './me.dto.ts';
import { clearSessionCookie } from './session-cookie.ts';

/** One's own account. */
@ApiTags('identity')
@Controller('v1/me')
export class MeController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Read your own account' })
  @ApiOkResponse({ standardSchema: dto.profile, description: 'The account.' })
  getProfile(@CurrentPrincipal() { userId }: Principal): Promise<Profile> {
    return this.queries.execute(new FindProfile(userId));
  }

  @Patch()
  @LimitAttempts('current-password')
  @ApiOperation({
    summary: 'Change your own account',
    description:
      'A new address takes the place of the old one once the token that is mailed to it was used. A new password ends ' +
      'your other sessions. Both need the current password.',
  })
  @ApiOkResponse({ standardSchema: dto.profile, description: 'The changed account.' })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(
    409,
    'The account has no password yet; or, where addresses are not confirmed, the address is taken.',
  )
  async editProfile(
    @CurrentPrincipal() { userId, sessionId }: Principal,
    @Body({ schema: dto.profileChanges }) body: dto.ProfileChanges,
    @FromClient() client: Client,
  ): Promise<Profile> {
    await this.commands.execute(new EditProfile(userId, sessionId, body, client));
    return this.queries.execute(new FindProfile(userId));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete your own account and everything that it owns',
    description: 'At once: nothing of it is sent any more, and no token or key of it is good for anything.',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  @ApiProblem(409, 'Others have accounts, and nobody else is an administrator.')
  async deleteAccount(
    @CurrentPrincipal() { userId }: Principal,
    @FromClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.commands.execute(new DeleteAccount(userId, client));
    clearSessionCookie(reply);
  }
}
