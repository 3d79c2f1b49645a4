export { loggingModule } from './logging.module.ts';
export { RequestLog, shownRequest } from './request-log.ts';
