import { Controller, Get, Query, Redirect, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem, ApiProblems, Public } from '#platform/http';
import { OpenIdSignIn } from '../features/openid/openid-sign-in.ts';
import type { Client } from '../features/sessions.ts';
import { SignInExternally } from '../features/sign-in-externally.ts';
import { FromClient } from './from-client.ts';
import { LimitAttempts } from './limit-attempts.ts';
import * as dto from './oidc.dto.ts';
import { sessionCookie, setSessionCookie } from './session-cookie.ts';
import { SignInCookie, signInCookie } from './sign-in-cookie.ts';

interface Redirection {
  readonly url: string;
}
const text = { type: 'string' as const };
const headers = (cookie: string) => ({
  Location: { description: 'Where to go.', schema: text },
  'Set-Cookie': { description: cookie, schema: text },
});

/** Sign-in with Google, or another OpenID provider. A browser goes through it; a page only leads to the first route. */
@ApiTags('identity')
@Public()
@ApiProblem(404, 'Sign-in with a provider is off.')
@ApiProblem(503, 'The provider or the database is away; try again after `Retry-After` seconds.')
@Controller('v1/auth/oidc')
export class OidcController {
  constructor(
    private readonly signIn: OpenIdSignIn,
    private readonly commands: CommandBus,
    private readonly cookie: SignInCookie,
  ) {}

  @Get()
  @Redirect('', 303)
  @ApiOperation({
    summary: 'Sign in with Google, or another OpenID provider',
    description:
      'For a browser to navigate to. What it has to remember meanwhile is in a cookie, for ten minutes.',
  })
  @ApiResponse({ status: 303, description: 'To the provider.', headers: headers(`\`${signInCookie}\`.`) })
  @ApiProblems(422)
  async beginSignIn(
    @Query({ schema: dto.signInQuery }) { returnTo }: dto.SignInQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Redirection> {
    void reply.header('Cache-Control', 'no-store');
    const { url, begun } = await this.signIn.begin(returnTo);
    this.cookie.give(reply, begun);
    return { url: url.href };
  }

  /** The query is the provider's: what we do not know in it is no fault. */
  @Get('callback')
  @Redirect('', 303)
  @LimitAttempts('token')
  @ApiOperation({
    summary: 'Come back from the provider',
    description:
      'Where a provider sends the browser to. Opens a session, in a cookie, of the account that belongs to the person at ' +
      'that provider. The first time this makes one, if the provider vouches for the mail address and no account has it; ' +
      'an account that was made otherwise is never opened because of its address.',
  })
  @ApiQuery({ name: 'code', required: false, schema: text })
  @ApiQuery({ name: 'state', required: false, schema: text })
  @ApiQuery({ name: 'iss', required: false, schema: text })
  @ApiQuery({ name: 'error', required: false, schema: text })
  @ApiResponse({
    status: 303,
    description: 'Signed in; to `returnTo`.',
    headers: headers(`\`${sessionCookie}\`.`),
  })
  @ApiProblem(
    401,
    'This browser began no such sign-in in the last ten minutes, the person declined, or what the provider sent is not to ' +
      'be trusted.',
  )
  @ApiProblem(403, 'The account is banned, or the provider does not vouch for an address.')
  @ApiProblem(409, 'The address has an account that was made otherwise.')
  async finishSignIn(
    @FromClient() client: Client,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Redirection> {
    void reply.header('Cache-Control', 'no-store');
    const begun = this.cookie.take(request, reply);
    const { identity, returnTo } = await this.signIn.finish(request.url.split('?')[1] ?? '', begun);
    setSessionCookie(reply, await this.commands.execute(new SignInExternally(identity, client)));
    return { url: returnTo };
  }
}
