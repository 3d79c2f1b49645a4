import { Body, Controller, Delete, Header, HttpCode, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem, ApiProblems, CurrentPrincipal, type Principal, Public } from '#platform/http';
import { EndSession } from '../features/end-session.ts';
import { OpenWebSession } from '../features/open-web-session.ts';
import type { Client } from '../features/sessions.ts';
import * as dto from './auth.dto.ts';
import { FromClient } from './from-client.ts';
import { LimitAttempts } from './limit-attempts.ts';
import { clearSessionCookie, SameOrigin, sessionCookie, setSessionCookie } from './session-cookie.ts';

/** Sessions of pages of our own: a cookie instead of tokens, which no script could keep safely. */
@ApiTags('identity')
@Controller('v1/auth/web-session')
export class WebSessionController {
  constructor(
    private readonly commands: CommandBus,
    private readonly sameOrigin: SameOrigin,
  ) {}

  @Post()
  @Public()
  @LimitAttempts('password')
  @Header('Cache-Control', 'no-store')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Log a page in',
    description:
      'For pages of this installation: the session is a cookie, and the request needs an `Origin` of ours. It takes the ' +
      'place of the session that the browser has until then.',
  })
  @ApiNoContentResponse({
    description: 'The cookie is set.',
    headers: { 'Set-Cookie': { description: '`__Host-tocsin-session`.', schema: { type: 'string' } } },
  })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(401, 'Address and password do not belong together, or the address is not confirmed.')
  @ApiProblem(403, 'The account is banned, or no page of this installation asks.')
  async openWebSession(
    @Body({ schema: dto.loginBody }) body: dto.LoginBody,
    @FromClient() client: Client,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    // Another site could log its visitor in to an account of its own.
    this.sameOrigin.assert(request);
    const replaced = request.cookies[sessionCookie] ?? null;
    const { email, password } = body;
    const secret = await this.commands.execute(new OpenWebSession(email, password, client, replaced));
    setSessionCookie(reply, secret);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Log a page out' })
  @ApiNoContentResponse({ description: 'The session is over.' })
  async endWebSession(
    @CurrentPrincipal() { userId, sessionId }: Principal,
    @FromClient() client: Client,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    clearSessionCookie(reply);
    if (sessionId !== null) await this.commands.execute(new EndSession(userId, sessionId, client));
  }
}
