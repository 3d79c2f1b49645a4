import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems, linkPages, type Page, RequiresRole } from '#platform/http';
import { Idempotent, replayed } from '#platform/idempotency';
import { LiftSuppression } from '../features/lift-suppression.ts';
import { ListSuppressions, type SuppressionView } from '../features/list-suppressions.ts';
import { SuppressAddress } from '../features/suppress-address.ts';
import * as dto from './suppressions.dto.ts';

/** Addresses that operators want nothing sent to. */
@ApiTags('delivery')
@RequiresRole('operator')
@Controller('v1/suppressions')
export class SuppressionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List what operators suppressed, newest first',
    description:
      'Addresses are kept as hashes and not shown; with `address` the list has the one that suppresses it, or nothing. ' +
      'What the owner of an address did to get no mail is not listed.',
  })
  @ApiOkResponse({
    standardSchema: dto.suppressionPage,
    description: 'A page of them; `Link` leads to the others.',
  })
  @ApiProblems(422)
  async listSuppressions(
    @Query({ schema: dto.listQuery }) { address, page, per_page: perPage }: dto.ListQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<SuppressionView>> {
    const found = await this.queries.execute(new ListSuppressions(address, page, perPage));
    const answer = { ...found, page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }

  @Post()
  @Idempotent()
  @ApiOperation({
    summary: 'Send nothing to an address any more',
    description:
      'What waits for it ends `suppressed`, or `unknown` where it may have arrived already, and what is requested later ' +
      'is suppressed from the start. A message that is just being handed over is not called back. Mails about accounts ' +
      'go on.',
  })
  @ApiCreatedResponse({
    standardSchema: dto.suppression,
    description: 'The suppression.',
    headers: replayed,
  })
  @ApiProblems(400, 409, 413, 415, 422)
  suppressAddress(
    @Body({ schema: dto.suppressBody }) { address, reason }: dto.SuppressBody,
  ): Promise<SuppressionView> {
    return this.commands.execute(new SuppressAddress(address, reason ?? null));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Send to an address again',
    description: 'What was suppressed meanwhile stays so.',
  })
  @ApiNoContentResponse({ description: 'It is lifted.' })
  @ApiProblems(404, 422)
  async liftSuppression(@Param('id', { schema: dto.suppressionId }) id: string): Promise<void> {
    await this.commands.execute(new LiftSuppression(id));
  }
}
