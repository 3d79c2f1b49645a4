import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FindNotificationFor } from '#libs/notifications/contracts';
import {
  ApiProblems,
  CurrentPrincipal,
  linkPages,
  type Page,
  type Principal,
  RequiresScope,
} from '#platform/http';
import { type DeliveryView, ListDeliveries } from '../contracts/index.ts';
import * as dto from './deliveries.dto.ts';

/** The deliveries of one notification, for whoever may see it. */
@ApiTags('notifications')
@Controller('v1/notifications/:id/deliveries')
export class NotificationDeliveriesController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @RequiresScope('notifications:read')
  @ApiOperation({ summary: 'List the deliveries of a notification with every attempt, newest first' })
  @ApiOkResponse({ standardSchema: dto.deliveryPage, description: 'A page.' })
  @ApiProblems(401, 404, 422)
  async listNotificationDeliveries(
    @CurrentPrincipal() principal: Principal,
    @Param('id', { schema: dto.notificationId }) id: string,
    @Query({ schema: dto.pagesQuery }) { page, per_page: perPage }: dto.PagesQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<DeliveryView>> {
    await this.queries.execute(new FindNotificationFor(principal, id));
    const found = await this.queries.execute(new ListDeliveries(id, page, perPage));
    const answer = { ...found, page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }
}
