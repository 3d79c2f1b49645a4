import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ApiProblem, ApiProblems, Public } from '#platform/http';
import { LogIn } from '../features/log-in.ts';
import { LogOut } from '../features/log-out.ts';
import { RefreshSession } from '../features/refresh-session.ts';
import { Register, type RegisteredUser } from '../features/register.ts';
import type { Client, Session } from '../features/sessions.ts';
import * as dto from './auth.dto.ts';
import { FromClient } from './from-client.ts';
import { LimitAttempts } from './limit-attempts.ts';

@ApiTags('identity')
@Public()
@Controller('v1/auth')
export class AuthController {
  constructor(private readonly commands: CommandBus) {}

  @Post('register')
  @LimitAttempts('registration')
  @ApiOperation({
    summary: 'Create an account',
    description:
      'Where addresses are confirmed, the account is there once the token that is mailed was used; the answer is the same ' +
      'for every address. At an embedded installation the first is an admin.',
  })
  @ApiCreatedResponse({ standardSchema: dto.registeredUser, description: 'The account, or what it will be.' })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(409, 'The address has an account; said only with `EMAIL_VERIFICATION=off`.')
  register(
    @Body({ schema: dto.registerBody }) { email, password, name }: dto.RegisterBody,
    @FromClient() { address }: Client,
  ): Promise<RegisteredUser> {
    return this.commands.execute(new Register(email, password, name ?? null, undefined, address));
  }

  @Post('login')
  @LimitAttempts('password')
  @Header('Cache-Control', 'no-store')
  @HttpCode(200)
  @ApiOperation({ summary: 'Log in with address and password' })
  @ApiOkResponse({ standardSchema: dto.session, description: 'A session.' })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(401, 'Address and password do not belong together, or the address is not confirmed.')
  @ApiProblem(403, 'The account is banned.')
  logIn(
    @Body({ schema: dto.loginBody }) body: dto.LoginBody,
    @FromClient() client: Client,
  ): Promise<Session> {
    return this.commands.execute(new LogIn(body.email, body.password, client));
  }

  @Post('refresh')
  @Header('Cache-Control', 'no-store')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Exchange a refresh token, once, for the next tokens of the session',
    description:
      'A second use is refused. One that comes more than five seconds after the first ends the session, ' +
      'because somebody else has the token as well.',
  })
  @ApiOkResponse({ standardSchema: dto.session, description: 'The next tokens.' })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(401, 'The refresh token was used, has expired, or its session has ended.')
  refresh(
    @Body({ schema: dto.refreshBody }) body: dto.RefreshBody,
    @FromClient() client: Client,
  ): Promise<Session> {
    return this.commands.execute(new RefreshSession(body.refreshToken, client));
  }

  @Post('logout')
  @HttpCode(204)
  @ApiOperation({ summary: 'End the session of a refresh token, used or not' })
  @ApiNoContentResponse({ description: 'It is over.' })
  @ApiProblems(400, 413, 415, 422)
  logOut(
    @Body({ schema: dto.refreshBody }) body: dto.RefreshBody,
    @FromClient() client: Client,
  ): Promise<void> {
    return this.commands.execute(new LogOut(body.refreshToken, client));
  }
}
