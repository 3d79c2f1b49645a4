import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblem, ApiProblems, Public } from '#platform/http';
import { ConfirmAddress } from '../features/confirm-address.ts';
import { RequestConfirmation } from '../features/request-confirmation.ts';
import { RequestPasswordReset } from '../features/request-password-reset.ts';
import { ResetPassword } from '../features/reset-password.ts';
import type { Client } from '../features/sessions.ts';
import * as dto from './auth.dto.ts';
import { FromClient } from './from-client.ts';
import { LimitAttempts } from './limit-attempts.ts';

const whateverComesOfIt = 'The same, whether or not the address is known.';

/** What somebody does who has, or asks for, a token that is mailed to them. */
@ApiTags('identity')
@Public()
@Controller('v1/auth')
export class MailedTokensController {
  constructor(private readonly commands: CommandBus) {}

  @Post('verify-email')
  @LimitAttempts('token')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Confirm an address by the token that was mailed to it',
    description: 'It makes an account of a registration, or gives an account its new address.',
  })
  @ApiNoContentResponse({ description: 'It is confirmed.' })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(401, 'The token was used, is too old or is not complete.')
  verifyEmail(
    @Body({ schema: dto.tokenBody }) body: dto.TokenBody,
    @FromClient() client: Client,
  ): Promise<void> {
    return this.commands.execute(new ConfirmAddress(body.token, client));
  }

  @Post('resend-verification')
  @LimitAttempts('registration')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Ask once more for the mail that confirms a registration',
    description: 'At most three such mails a day go to one address.',
  })
  @ApiAcceptedResponse({ description: whateverComesOfIt })
  @ApiProblems(400, 413, 415, 422)
  resendVerification(@Body({ schema: dto.addressBody }) body: dto.AddressBody): Promise<void> {
    return this.commands.execute(new RequestConfirmation(body.email));
  }

  @Post('forgot-password')
  @LimitAttempts('reset')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Ask for a mail to set a new password with',
    description: 'At most three such mails a day go to one address.',
  })
  @ApiAcceptedResponse({ description: whateverComesOfIt })
  @ApiProblems(400, 413, 415, 422)
  forgotPassword(@Body({ schema: dto.addressBody }) body: dto.AddressBody): Promise<void> {
    return this.commands.execute(new RequestPasswordReset(body.email));
  }

  @Post('reset-password')
  @LimitAttempts('token')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Set a new password by the token that was mailed',
    description: 'Ends every session and every API key of the account.',
  })
  @ApiNoContentResponse({ description: 'Log in with the new one.' })
  @ApiProblems(400, 413, 415, 422)
  @ApiProblem(401, 'The token was used, is too old or is not complete.')
  resetPassword(
    @Body({ schema: dto.resetBody }) body: dto.ResetBody,
    @FromClient() client: Client,
  ): Promise<void> {
    return this.commands.execute(new ResetPassword(body.token, body.password, client));
  }
}
