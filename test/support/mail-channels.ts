import { Test, type TestingModule } from '@nestjs/testing';
import { ConfigModule, loadConfig } from '#platform/config';
import { EmailChannels } from '../../libs/delivery/src/channels/email/email-channels.ts';
import { mailerModule } from '../../libs/delivery/src/channels/email/mailer.module.ts';

/** The e-mail channels of a worker with these variables, as impatient as given. */
export async function mailChannels(
  variables: NodeJS.ProcessEnv,
  patience?: Parameters<typeof mailerModule>[0],
): Promise<{ inOrder: EmailChannels['inOrder']; app: TestingModule }> {
  const app = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(loadConfig(variables)), mailerModule(patience)],
    providers: [EmailChannels],
  }).compile();
  app.useLogger(false);
  await app.init();
  return { inOrder: app.get(EmailChannels).inOrder, app };
}
