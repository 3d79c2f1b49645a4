import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsPage } from './events-page.ts';

const root = join(import.meta.dirname, '../..');
writeFileSync(join(root, 'docs/events.md'), eventsPage(root));
