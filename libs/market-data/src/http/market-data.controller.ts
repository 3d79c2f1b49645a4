import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DomainError } from '#kernel';
import { ApiProblems, linkPages, type Page, RequiresScope } from '#platform/http';
import { FindQuotes, type Quote } from '../contracts/index.ts';
import { ListInstruments } from '../features/list-instruments.ts';
import { ListQuotes } from '../features/list-quotes.ts';
import * as dto from './market-data.dto.ts';

@ApiTags('market-data')
@RequiresScope('market:read')
@Controller('v1')
export class MarketDataController {
  constructor(private readonly queries: QueryBus) {}

  @Get('instruments')
  @ApiOperation({
    summary: 'List instruments',
    description: 'What alerts and notifications can be about, the best known first.',
  })
  @ApiOkResponse({ standardSchema: dto.instrumentPage, description: 'A page of instruments.' })
  @ApiProblems(401, 422)
  async listInstruments(
    @Query({ schema: dto.instrumentsQuery }) query: dto.InstrumentsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof dto.instrumentPage>> {
    const { q = '', type, page, per_page: perPage } = query;
    const found = await this.queries.execute(new ListInstruments(q, type, { page, perPage }));
    linkPages(request, reply, found);
    const items = found.items.map(({ symbol, name, type, currency, source, aliases }) => ({
      symbol,
      name,
      type,
      currency,
      source,
      aliases: [...aliases],
    }));
    return { ...found, items };
  }

  @Get('quotes')
  @ApiOperation({
    summary: 'List quotes',
    description: 'The named symbols in the given order on one page, or else all of them page by page.',
  })
  @ApiOkResponse({ standardSchema: dto.quotePage, description: 'A page of quotes.' })
  @ApiProblems(401, 422)
  async listQuotes(
    @Query({ schema: dto.quotesQuery }) query: dto.QuotesQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Page<Quote>> {
    const { symbols, page, per_page: perPage } = query;
    const found = await this.queries.execute(new ListQuotes(symbols, { page, perPage }));
    linkPages(request, reply, found);
    return found;
  }

  @Get('quotes/:symbol')
  @ApiOperation({ summary: 'Get the quote of a symbol' })
  @ApiOkResponse({ standardSchema: dto.quote, description: 'What is known of it now.' })
  @ApiProblems(401, 404, 422)
  async getQuote(@Param('symbol', { schema: dto.symbolParam }) symbol: string): Promise<Quote> {
    const [quote] = await this.queries.execute(new FindQuotes([symbol]));
    if (quote) return quote;
    throw new DomainError(
      'not-found',
      'market-data.unknown-symbol',
      `There is no instrument ${JSON.stringify(symbol)}; see /v1/instruments.`,
    );
  }
}
