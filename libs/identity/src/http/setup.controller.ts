import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblem, ApiProblems, Public } from '#platform/http';
import type { RegisteredUser } from '../features/register.ts';
import type { Client } from '../features/sessions.ts';
import { SetUp } from '../features/set-up.ts';
import { registeredUser } from './auth.dto.ts';
import { FromClient } from './from-client.ts';
import { LimitAttempts } from './limit-attempts.ts';
import * as dto from './setup.dto.ts';

@ApiTags('identity')
@Controller('v1/auth/setup')
export class SetupController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @Public()
  @LimitAttempts('token')
  @ApiOperation({
    summary: 'Make the first administrator',
    description:
      'By the link that an api prints when it starts at a server installation without an administrator; ' +
      'the page that it leads to calls this.',
  })
  @ApiCreatedResponse({ standardSchema: registeredUser, description: 'The administrator.' })
  @ApiProblem(401, 'The link is unknown, used or older than 24 hours, or there is an administrator by now.')
  @ApiProblems(400, 409, 413, 415, 422)
  setUp(
    @Body({ schema: dto.setupBody }) { token, email, password, name }: dto.SetupBody,
    @FromClient() client: Client,
  ): Promise<RegisteredUser> {
    return this.commands.execute(new SetUp(token, email, password, name ?? null, client));
  }
}
