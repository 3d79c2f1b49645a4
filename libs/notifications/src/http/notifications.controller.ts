import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExpectedVersions } from '#kernel';
import {
  ApiProblems,
  CurrentPrincipal,
  IfMatch,
  linkPages,
  type Page,
  type Principal,
  RequiresScope,
  VersionedResponse,
} from '#platform/http';
import { Idempotent, replayed } from '#platform/idempotency';
import { outstandingStatuses } from '../domain/notification-status.ts';
import { CreateNotification } from '../features/create-notification.ts';
import { DeleteNotification } from '../features/delete-notification.ts';
import { EditNotification } from '../features/edit-notification.ts';
import { FindNotification } from '../features/find-notification.ts';
import { ListNotifications } from '../features/list-notifications.ts';
import type { NotificationView } from '../features/notification-view.ts';
import { SendNotification } from '../features/send-notification.ts';
import * as answers from './answers.dto.ts';
import * as dto from './notifications.dto.ts';

@ApiTags('notifications')
@Controller('v1/notifications')
export class NotificationsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post()
  @RequiresScope('notifications:write')
  @Idempotent()
  @ApiOperation({
    summary: 'Create a draft',
    description: 'A user names their own verified address only; operators and administrators name anybody.',
  })
  @VersionedResponse({
    status: 201,
    standardSchema: answers.notification,
    description: 'The draft.',
    headers: replayed,
  })
  @ApiProblems(400, 401, 403, 413, 415, 422)
  async createNotification(
    @CurrentPrincipal() principal: Principal,
    @Body({ schema: dto.createBody }) body: dto.CreateBody,
  ): Promise<NotificationView> {
    const id = await this.commands.execute(new CreateNotification(principal, body));
    return this.queries.execute(new FindNotification(principal, id));
  }

  @Post(':id/send')
  @RequiresScope('notifications:write')
  @HttpCode(202)
  @Idempotent()
  @ApiOperation({
    summary: 'Send a draft',
    description:
      "Fills the line items with the market's values of now. A given list of recipients replaces the stored one.",
  })
  @ApiBody({ required: false })
  @VersionedResponse({
    status: 202,
    standardSchema: answers.notification,
    description: 'It is being sent.',
    headers: replayed,
  })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 422)
  async sendNotification(
    @CurrentPrincipal() principal: Principal,
    @Param('id', { schema: dto.notificationId }) id: string,
    @IfMatch() expected: ExpectedVersions,
    @Body({ schema: dto.sendBody }) body: dto.SendBody,
  ): Promise<NotificationView> {
    await this.commands.execute(new SendNotification(principal, id, expected, body?.recipients ?? null));
    return this.queries.execute(new FindNotification(principal, id));
  }

  @Get()
  @RequiresScope('notifications:read')
  @ApiOperation({
    summary: 'List notifications, newest first',
    description: 'Your own; operators and administrators share manual and campaign ones.',
  })
  @ApiOkResponse({ standardSchema: answers.notificationPage, description: 'A page.' })
  @ApiProblems(401, 422)
  async listNotifications(
    @CurrentPrincipal() principal: Principal,
    @Query({ schema: dto.listQuery }) query: dto.ListQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<NotificationView>> {
    const { status, kind: kinds, alertId, page, per_page: perPage } = query;
    const statuses = status?.flatMap((one) => (one === 'outstanding' ? outstandingStatuses : [one]));
    const filter = { statuses, kinds, alertId };
    const found = await this.queries.execute(new ListNotifications(principal, filter, page, perPage));
    const answer = { ...found, page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }

  @Get(':id')
  @RequiresScope('notifications:read')
  @ApiOperation({ summary: 'Read a notification, also a deleted one' })
  @VersionedResponse({ status: 200, standardSchema: answers.notification, description: 'The notification.' })
  @ApiProblems(401, 404, 422)
  getNotification(
    @CurrentPrincipal() principal: Principal,
    @Param('id', { schema: dto.notificationId }) id: string,
  ): Promise<NotificationView> {
    return this.queries.execute(new FindNotification(principal, id));
  }

  @Patch(':id')
  @RequiresScope('notifications:write')
  @ApiOperation({
    summary: 'Change a draft',
    description: 'What is given replaces what is stored; the rules are those of its creation.',
  })
  @VersionedResponse({ status: 200, standardSchema: answers.notification, description: 'The changed draft.' })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 422)
  async editNotification(
    @CurrentPrincipal() principal: Principal,
    @Param('id', { schema: dto.notificationId }) id: string,
    @IfMatch() expected: ExpectedVersions,
    @Body({ schema: dto.editBody }) body: dto.EditBody,
  ): Promise<NotificationView> {
    await this.commands.execute(new EditNotification(principal, id, expected, body));
    return this.queries.execute(new FindNotification(principal, id));
  }

  @Delete(':id')
  @RequiresScope('notifications:write')
  @ApiOperation({
    summary: 'Delete a notification and stop what has not left',
    description:
      'No new attempt starts after any answer. Only a 202 may be another answer when asked again; a 200 stays.',
  })
  @ApiOkResponse({ standardSchema: answers.deleted, description: 'How it ended.' })
  @ApiAcceptedResponse({
    standardSchema: answers.beingDeleted,
    description: 'Attempts are being handed over; ask again after `Retry-After` seconds.',
    headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  })
  @ApiProblems(401, 404, 409, 422)
  async deleteNotification(
    @CurrentPrincipal() principal: Principal,
    @Param('id', { schema: dto.notificationId }) id: string,
    @IfMatch() expected: ExpectedVersions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<answers.DeletionAnswer> {
    const answer = await this.commands.execute(new DeleteNotification(principal, id, expected));
    const { outcome, inFlight, deliveries } = answer;
    if (outcome !== 'pending') return { id, outcome, deliveries };
    void reply.status(202).header('Retry-After', '1');
    return { id, outcome, inFlight: [...inFlight], deliveries };
  }
}
