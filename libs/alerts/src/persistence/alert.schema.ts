import { defineEntity, p } from '@mikro-orm/core';
import { Alert, type AlertStatus } from '../domain/alert.ts';
import type { Direction, Operator } from '../domain/price-condition.ts';

export const AlertSchema = defineEntity({
  class: Alert,
  schema: 'alerts',
  tableName: 'alerts',
  properties: {
    id: p.uuid().primary(),
    userId: p.uuid().fieldName('user_id'),
    symbol: p.text(),
    operator: p.text().$type<Operator>(),
    target: p.decimal('string'),
    direction: p.text().$type<Direction>().nullable(),
    referenceSource: p.text().fieldName('reference_source').nullable(),
    referenceTradeId: p.bigint('number').fieldName('reference_trade_id').nullable(),
    referencePrice: p.decimal('string').fieldName('reference_price').nullable(),
    referenceAt: p.datetime().fieldName('reference_at').nullable(),
    evaluatedThrough: p.bigint('number').fieldName('evaluated_through').nullable(),
    note: p.text().nullable(),
    version: p.integer().version(),
    createdAt: p.datetime().fieldName('created_at'),
    status: p.text().$type<AlertStatus>(),
    deletedAt: p.datetime().fieldName('deleted_at').nullable(),
  },
});
