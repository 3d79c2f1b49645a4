import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '#platform/config';
import { SetupLinks } from '../features/setup-links.ts';

/** Prints how to make the first administrator of a server installation, as long as it has none. */
@Injectable()
export class PrintSetupLink implements OnApplicationBootstrap {
  constructor(
    private readonly links: SetupLinks,
    private readonly config: Config,
    private readonly host: HttpAdapterHost,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // `admin:create` has the modules of the api, but nothing that a link would lead to.
    const isApi = Boolean(this.host.httpAdapter);
    // At an embedded installation the first who registers is the administrator.
    if (this.config.embedded || !isApi) return;
    const secret = await this.links.open();
    if (secret === null) return;
    const url = `${this.config.publicUrl}/account/setup#token=${secret}`;
    // Not through the logger: whoever may read the log must not become the administrator.
    process.stdout.write(
      `There is no administrator. Open this link to make the first one, once and within 24 hours: ${url}\n`,
    );
  }
}
