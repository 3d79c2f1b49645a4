import {
  Body,
  Controller,
  Delete,
  Get,
  HttpStatus,
  Param,
  Patch,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExpectedVersions } from '#kernel';
import { answerFromCache, OwnerCache, shapeOf } from '#platform/cache';
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
import type { AlertView } from '../features/alert-view.ts';
import { CreateAlert } from '../features/create-alert.ts';
import { DeleteAlert, type DeletedAlert } from '../features/delete-alert.ts';
import { EditAlert } from '../features/edit-alert.ts';
import { FindAlert } from '../features/find-alert.ts';
import { type HistoryItem, ListAlertHistory } from '../features/list-alert-history.ts';
import { alertList, ListAlerts } from '../features/list-alerts.ts';
import * as dto from './alerts.dto.ts';

const pageShape = shapeOf(dto.alertPage);

@ApiTags('alerts')
@ApiProblems(401)
@Controller('v1/alerts')
export class AlertsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly lists: OwnerCache,
  ) {}

  @Post()
  @RequiresScope('alerts:write')
  @Idempotent()
  @ApiOperation({
    summary: 'Create an alert',
    description:
      'It fires once, at the first trade after its reference that reaches the target from either side.',
  })
  @VersionedResponse({
    status: 201,
    standardSchema: dto.alert,
    description: 'The alert.',
    headers: replayed,
  })
  @ApiProblems(400, 413, 415, 422)
  async createAlert(
    @CurrentPrincipal() { userId }: Principal,
    @Body({ schema: dto.createAlertBody }) body: dto.CreateAlertBody,
  ): Promise<AlertView> {
    const condition = body.condition ?? { operator: 'crossing' as const, value: body.target ?? '' };
    const id = await this.commands.execute(
      new CreateAlert(userId, body.symbol, condition, body.note ?? null, dto.valuePointer(body)),
    );
    return this.queries.execute(new FindAlert(id, userId));
  }

  @Get()
  @RequiresScope('alerts:read')
  @ApiOperation({ summary: 'List own alerts, newest first' })
  @ApiOkResponse({
    standardSchema: dto.alertPage,
    description: 'A page of alerts; `Link` leads to the others.',
  })
  @ApiProblems(422)
  listAlerts(
    @Query({ schema: dto.listAlertsQuery }) query: dto.ListAlertsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return answerFromCache(
      this.lists,
      alertList,
      pageShape,
      request,
      reply,
      async (userId): Promise<Page<AlertView>> => {
        const { page, per_page: perPage, status: statuses, symbol: symbols } = query;
        const found = await this.queries.execute(
          new ListAlerts(userId, { statuses, symbols }, page, perPage),
        );
        const answer = { ...found, page, perPage, totalExact: true };
        linkPages(request, reply, answer);
        return answer;
      },
    );
  }

  @Get(':id')
  @RequiresScope('alerts:read')
  @ApiOperation({ summary: 'Read an alert' })
  @VersionedResponse({ status: 200, standardSchema: dto.alert, description: 'The alert.' })
  @ApiProblems(404, 422)
  getAlert(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.alertId }) id: string,
  ): Promise<AlertView> {
    return this.queries.execute(new FindAlert(id, userId));
  }

  @Patch(':id')
  @RequiresScope('alerts:write')
  @ApiOperation({
    summary: 'Change an alert, pause it, or let it go on',
    description:
      'Another level, and the end of a pause, start at the last price like a new alert. Another note does not.',
  })
  @VersionedResponse({ status: 200, standardSchema: dto.alert, description: 'The changed alert.' })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  async editAlert(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.alertId }) id: string,
    @IfMatch() expected: ExpectedVersions,
    @Body({ schema: dto.editAlertBody }) body: dto.EditAlertBody,
  ): Promise<AlertView> {
    const { target, note, status } = body;
    const short = target === undefined ? undefined : { operator: 'crossing' as const, value: target };
    const changes = { condition: body.condition ?? short, note, status };
    await this.commands.execute(new EditAlert(id, userId, expected, changes, dto.valuePointer(body)));
    return this.queries.execute(new FindAlert(id, userId));
  }

  @Delete(':id')
  @RequiresScope('alerts:write')
  @ApiOperation({ summary: 'Delete an alert and stop what stems from it' })
  @ApiNoContentResponse({ description: 'Deleted; nothing of it is being sent.' })
  @ApiAcceptedResponse({
    standardSchema: dto.deletedAlert,
    description: 'Deleted; a message was leaving just then.',
  })
  @ApiProblems(404, 422)
  async deleteAlert(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.alertId }) id: string,
    @IfMatch() expected: ExpectedVersions,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeletedAlert | undefined> {
    const deleted = await this.commands.execute(new DeleteAlert(id, userId, expected));
    const leaving = deleted.inFlight.length > 0;
    void reply.status(leaving ? HttpStatus.ACCEPTED : HttpStatus.NO_CONTENT);
    return leaving ? deleted : undefined;
  }

  @Get(':id/history')
  @RequiresScope('alerts:read')
  @ApiOperation({ summary: 'Read what happened to an alert, with a receipt for each firing' })
  @ApiOkResponse({ standardSchema: dto.alertHistory, description: 'What happened, oldest first.' })
  @ApiProblems(404, 422)
  async getAlertHistory(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.alertId }) id: string,
  ): Promise<{ items: HistoryItem[] }> {
    return { items: await this.queries.execute(new ListAlertHistory(id, userId)) };
  }
}
