export { loggingModule } from './logging.module.ts';
export { RequestLog, shownRequest } from './request-log.ts';
export { withoutSecrets } from './without-secrets.ts';
