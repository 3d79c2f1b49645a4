import { Body, Controller, Get, Param, Patch, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
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
import { EditUser } from '../features/edit-user.ts';
import { FindUser } from '../features/find-user.ts';
import { ListUsers } from '../features/list-users.ts';
import type { Client } from '../features/sessions.ts';
import type { UserView } from '../features/user-view.ts';
import { FromClient } from './from-client.ts';
import * as dto from './users.dto.ts';

@ApiTags('identity')
@RequiresRole('admin')
@Controller('v1/users')
export class UsersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List accounts, newest first' })
  @ApiOkResponse({ standardSchema: dto.userPage, description: 'A page of them; `Link` leads to the others.' })
  @ApiProblems(422)
  async listUsers(
    @Query({ schema: dto.listUsersQuery }) query: dto.ListUsersQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<UserView>> {
    const { role: roles, status: statuses, q: text, page, per_page: perPage } = query;
    const found = await this.queries.execute(new ListUsers({ roles, statuses, text }, page, perPage));
    const answer = { ...found, page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an account' })
  @ApiOkResponse({ standardSchema: dto.user, description: 'The account.' })
  @ApiProblems(404, 422)
  getUser(@Param('id', { schema: dto.userId }) id: string): Promise<UserView> {
    return this.queries.execute(new FindUser(id));
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Give an account another role, ban it, or let it in again',
    description:
      'Another role and a ban end all sessions of the account at once. Nobody takes the role of administrator from ' +
      'themselves.',
  })
  @ApiOkResponse({ standardSchema: dto.user, description: 'The changed account.' })
  @ApiProblems(400, 404, 409, 413, 415, 422)
  async editUser(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.userId }) id: string,
    @Body({ schema: dto.userChanges }) body: dto.UserChanges,
    @FromClient() client: Client,
  ): Promise<UserView> {
    await this.commands.execute(new EditUser(id, userId, body, client));
    return this.queries.execute(new FindUser(id));
  }
}
