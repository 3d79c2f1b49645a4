export { loggingModule } from './logging.module.ts';
