import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems, linkPages, type Page, RequiresRole } from '#platform/http';
import { Idempotent, replayed } from '#platform/idempotency';
import type { DeliveryView } from '../contracts/index.ts';
import { FindDelivery } from '../features/find-delivery.ts';
import { RetryDelivery } from '../features/retry-delivery.ts';
import { SearchDeliveries } from '../features/search-deliveries.ts';
import * as dto from './deliveries.dto.ts';

/** The delivery log: of everybody, to whom, when and how it went; never what it said. */
@ApiTags('delivery')
@RequiresRole('operator')
@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Search the delivery log, newest first',
    description:
      'Deliveries of everybody with every attempt, mails about accounts included, without what they say. What was given ' +
      'up is `failed`, or `unknown` where it may have arrived, with the reason. The newest 10,000 that fit are counted ' +
      'and paged through.',
  })
  @ApiOkResponse({
    standardSchema: dto.deliveryPage,
    description: 'A page of them; `Link` leads to the others.',
  })
  @ApiProblems(422)
  async searchDeliveries(
    @Query({ schema: dto.searchQuery }) query: dto.SearchQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<DeliveryView>> {
    const { status: statuses, to, from, until, page, per_page: perPage } = query;
    const found = await this.queries.execute(
      new SearchDeliveries({ statuses, to, from, until }, page, perPage),
    );
    const answer = { ...found, page, perPage };
    linkPages(request, reply, answer);
    return answer;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a delivery with every attempt' })
  @ApiOkResponse({ standardSchema: dto.delivery, description: 'The delivery.' })
  @ApiProblems(404, 422)
  getDelivery(@Param('id', { schema: dto.deliveryId }) id: string): Promise<DeliveryView> {
    return this.queries.execute(new FindDelivery(id));
  }

  @Post(':id/retry')
  @Idempotent()
  @ApiOperation({
    summary: 'Send a failed delivery again',
    description:
      'Makes a new delivery of the same message to the same recipient, which counts in the place of this one. Each is ' +
      'sent again once: a retry that failed is what to retry next. Refused where the notification, its alert or its ' +
      'account was deleted, where the text is not kept (mails about accounts), and where the address is suppressed.',
  })
  @ApiBody({ required: false })
  @ApiCreatedResponse({ standardSchema: dto.delivery, description: 'The new delivery.', headers: replayed })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  async retryDelivery(
    @Param('id', { schema: dto.deliveryId }) id: string,
    @Body({ schema: dto.retryBody }) body: dto.RetryBody,
  ): Promise<DeliveryView> {
    const retry = await this.commands.execute(new RetryDelivery(id, body?.acceptDuplicate ?? false));
    return this.queries.execute(new FindDelivery(retry));
  }
}
