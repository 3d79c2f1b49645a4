export { AlertsEngineModule, AlertsHttpModule, AlertsModule, alertsPersistence } from './alerts.module.ts';
