import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems, CurrentPrincipal, linkPages, type Page, type Principal } from '#platform/http';
import { EndOtherSessions } from '../features/end-other-sessions.ts';
import { ListSessions, type SessionView } from '../features/list-sessions.ts';
import { RevokeSession } from '../features/revoke-session.ts';
import type { Client } from '../features/sessions.ts';
import { FromClient } from './from-client.ts';
import * as dto from './sessions.dto.ts';

/** Where somebody is logged in, and the end of it (OWASP ASVS 5, 7.5.2). */
@ApiTags('identity')
@Controller('v1/me/sessions')
export class SessionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List your own open sessions, newest first' })
  @ApiOkResponse({
    standardSchema: dto.sessionPage,
    description: 'A page of them; `Link` leads to the others.',
  })
  @ApiProblems(422)
  async listSessions(
    @CurrentPrincipal() { userId, sessionId }: Principal,
    @Query({ schema: dto.listSessionsQuery }) { page, per_page: perPage }: dto.ListSessionsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<SessionView>> {
    const found = await this.queries.execute(new ListSessions(userId, sessionId, page, perPage));
    const answer = { ...found, page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'End one of your sessions' })
  @ApiNoContentResponse({ description: 'It is over: no token and no cookie of it is good for anything.' })
  @ApiProblems(404, 422)
  revokeSession(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.sessionId }) id: string,
    @FromClient() client: Client,
  ): Promise<void> {
    return this.commands.execute(new RevokeSession(id, userId, client));
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'End all your sessions but this one' })
  @ApiNoContentResponse({ description: 'They are over.' })
  endOtherSessions(
    @CurrentPrincipal() { userId, sessionId }: Principal,
    @FromClient() client: Client,
  ): Promise<void> {
    return this.commands.execute(new EndOtherSessions(userId, sessionId, client));
  }
}
