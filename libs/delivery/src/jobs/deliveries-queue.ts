import { BullModule } from '@nestjs/bullmq';

export const deliveriesQueue = 'deliveries';

/** A hint to look at this row; it carries nothing that the row does not know better. */
export interface DeliveryJob {
  readonly deliveryId: string;
  readonly version: number;
}

/** Registered once, whatever roles a process has. */
export const deliveriesQueueModule = BullModule.registerQueue({ name: deliveriesQueue });
