import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems, CurrentPrincipal, linkPages, type Page, type Principal } from '#platform/http';
import type { ApiKeyView } from '../features/api-key-view.ts';
import { CreateApiKey, type CreatedApiKey } from '../features/create-api-key.ts';
import { ListApiKeys } from '../features/list-api-keys.ts';
import { RevokeApiKey } from '../features/revoke-api-key.ts';
import type { Client } from '../features/sessions.ts';
import * as dto from './api-keys.dto.ts';
import { FromClient } from './from-client.ts';

/** No route has a scope: with a key one would make another that is good for more, or outlives it. */
@ApiTags('identity')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  /** Takes no `Idempotency-Key`: the answer would be kept, and with it the key. */
  @Post()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Make an API key',
    description:
      'It is shown in this answer and never again. One whose answer was lost is revoked, not repeated.',
  })
  @ApiCreatedResponse({ standardSchema: dto.createdApiKey, description: 'The key.' })
  @ApiProblems(400, 409, 413, 415, 422)
  createApiKey(
    @CurrentPrincipal() { userId }: Principal,
    @Body({ schema: dto.createApiKeyBody }) body: dto.CreateApiKeyBody,
    @FromClient() client: Client,
  ): Promise<CreatedApiKey> {
    const { name, scopes, symbols = null, expiresAt = null } = body;
    return this.commands.execute(new CreateApiKey(userId, { name, scopes, symbols, expiresAt }, client));
  }

  @Get()
  @ApiOperation({ summary: 'List own API keys, newest first' })
  @ApiOkResponse({
    standardSchema: dto.apiKeyPage,
    description: 'A page of them; `Link` leads to the others.',
  })
  @ApiProblems(422)
  async listApiKeys(
    @CurrentPrincipal() { userId }: Principal,
    @Query({ schema: dto.listApiKeysQuery }) { page, per_page: perPage }: dto.ListApiKeysQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<ApiKeyView>> {
    const found = await this.queries.execute(new ListApiKeys(userId, page, perPage));
    const answer = { ...found, page, perPage, totalExact: true };
    linkPages(request, reply, answer);
    return answer;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key' })
  @ApiNoContentResponse({ description: 'It is refused from now on.' })
  @ApiProblems(404, 422)
  revokeApiKey(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id', { schema: dto.apiKeyId }) id: string,
    @FromClient() client: Client,
  ): Promise<void> {
    return this.commands.execute(new RevokeApiKey(id, userId, client));
  }
}
