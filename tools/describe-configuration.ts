import { writeFileSync } from 'node:fs';
import { configurationPage } from '../libs/platform/src/config/describe-variables.ts';

writeFileSync('docs/configuration.md', configurationPage());
