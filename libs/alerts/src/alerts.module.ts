import { Module } from '@nestjs/common';
import type { ContextPersistence } from '#platform/persistence';
import { AlertEngine } from './engine/alert-engine.ts';
import { CommitDecisions } from './engine/commit-decisions.ts';
import { Cursors } from './engine/cursors.ts';
import { EngineMetrics } from './engine/engine-metrics.ts';
import { CreateAlertHandler } from './features/create-alert.ts';
import { DeleteAlertHandler } from './features/delete-alert.ts';
import { EditAlertHandler } from './features/edit-alert.ts';
import { FindAlertHandler } from './features/find-alert.ts';
import { FindCursorHandler } from './features/find-cursor.ts';
import { ListAlertHistoryHandler } from './features/list-alert-history.ts';
import { ListAlertsHandler } from './features/list-alerts.ts';
import { OnAlertsErasureDue } from './features/on-alerts-erasure-due.ts';
import { OnAlertsTriggered } from './features/on-alerts-triggered.ts';
import { OnDemoAccountSeeded } from './features/on-demo-account-seeded.ts';
import { OnUserDeleted } from './features/on-user-deleted.ts';
import { AlertsController } from './http/alerts.controller.ts';
import { AlertRepository } from './persistence/alert.repository.ts';
import { AlertSchema } from './persistence/alert.schema.ts';
import { alertsMigrations } from './persistence/alerts.migrations.ts';

export const alertsPersistence: ContextPersistence = {
  entities: [AlertSchema],
  migrations: alertsMigrations,
};

/** Commands, queries and reactions about alerts. */
@Module({
  providers: [
    AlertRepository,
    CreateAlertHandler,
    DeleteAlertHandler,
    EditAlertHandler,
    FindAlertHandler,
    FindCursorHandler,
    ListAlertHistoryHandler,
    ListAlertsHandler,
    OnAlertsTriggered,
    OnDemoAccountSeeded,
    OnUserDeleted,
    OnAlertsErasureDue,
  ],
})
export class AlertsModule {}

/** The routes of alerts. */
@Module({ imports: [AlertsModule], controllers: [AlertsController] })
export class AlertsHttpModule {}

/** The engine, for the worker role `market`; needs market-data's feeds beside it. */
@Module({ imports: [AlertsModule], providers: [AlertEngine, CommitDecisions, Cursors, EngineMetrics] })
export class AlertsEngineModule {}
