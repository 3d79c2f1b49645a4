export { ConfigModule } from './config.module.ts';
export { isLoopback } from './formats.ts';
export { Config, ConfigurationError, loadConfig, readConfig } from './load-config.ts';
export type { WorkerRole } from './variables.ts';
export type { DkimKey, MailServer } from './mail.ts';
