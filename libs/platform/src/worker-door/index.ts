export { WorkerDoorModule } from './worker-door.module.ts';
