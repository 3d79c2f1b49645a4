import { Module } from '@nestjs/common';
import { WorkerDoor } from './worker-door.ts';

/** `/metrics` and `/health` of a worker, on METRICS_PORT. */
@Module({ providers: [WorkerDoor] })
export class WorkerDoorModule {}
