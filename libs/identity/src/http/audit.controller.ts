import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  ApiProblems,
  CurrentPrincipal,
  linkPages,
  type Page,
  type Principal,
  RequiresRole,
} from '#platform/http';
import { type AuditView, ListAudit } from '../features/list-audit.ts';
import * as dto from './audit.dto.ts';

/** What was done to accounts, and by whom, for 365 days. */
@ApiTags('identity')
@Controller('v1')
export class AuditController {
  constructor(private readonly queries: QueryBus) {}

  @Get('audit')
  @RequiresRole('admin')
  @ApiOperation({ summary: 'Read the audit log of all accounts, newest first' })
  @ApiOkResponse({
    standardSchema: dto.auditPage,
    description: 'A page of entries; `Link` leads to the others.',
  })
  @ApiProblems(422)
  listAudit(
    @Query({ schema: dto.listAuditQuery }) query: dto.ListAuditQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<AuditView>> {
    const { type: types, userId: userIds, page, per_page: perPage } = query;
    return this.answer(new ListAudit({ types, userIds }, 'admin', page, perPage), request, reply);
  }

  @Get('me/audit')
  @ApiOperation({
    summary: 'Read the audit log of your own account, newest first',
    description: 'Without the addresses of others, an administrator for example.',
  })
  @ApiOkResponse({
    standardSchema: dto.auditPage,
    description: 'A page of entries; `Link` leads to the others.',
  })
  @ApiProblems(422)
  listOwnAudit(
    @CurrentPrincipal() { userId }: Principal,
    @Query({ schema: dto.listOwnAuditQuery }) query: dto.ListOwnAuditQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<AuditView>> {
    const { type: types, page, per_page: perPage } = query;
    return this.answer(new ListAudit({ types, userIds: [userId] }, 'owner', page, perPage), request, reply);
  }

  private async answer(
    query: ListAudit,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Page<AuditView>> {
    const { page, perPage } = query;
    const answer = { ...(await this.queries.execute(query)), page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }
}
