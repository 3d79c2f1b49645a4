import { z } from 'zod';

/** Grows when a reader of before would misunderstand what is written now. */
export const formatVersion = 1;

/** What any backup of ours says first, whatever its format. */
export const markShape = z.object({ application: z.literal('tocsin'), format: z.int() });

/** `manifest.json`, the first entry: what the data are, and what they fit. */
export const manifestShape = z.object({
  ...markShape.shape,
  takenAt: z.iso.datetime().transform((at) => new Date(at)),
  /** The version of the server, for whoever looks into the archive. */
  postgres: z.string(),
  /** Every transaction id (xid8) in the data is below or at this one. */
  nextTransaction: z.string().regex(/^\d+$/).transform(BigInt),
  /** Names of the migrations that had run. */
  migrations: z.array(z.string()),
  tables: z.array(
    z.object({
      /** With its schema, quoted where SQL needs it. */
      name: z.string(),
      columns: z.array(z.object({ name: z.string(), type: z.string() })),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestShape>;

/** How much a table holds: rows and bytes in COPY's text format by primary key, and their hash. */
export const digestShape = z.object({ rows: z.int(), bytes: z.int(), sha256: z.string() });
export type Digest = z.infer<typeof digestShape>;

/** `contents.json`, the last entry: without it the archive is not complete. */
export const contentsShape = z.object({
  tables: z.record(z.string(), digestShape),
  sequences: z.array(z.object({ name: z.string(), value: z.string(), called: z.boolean() })),
});
export type Contents = z.infer<typeof contentsShape>;

/** The entry of a part of a table's data; a table has as many as it needs, none when it is empty. */
export const partName = (table: string, part: number): string =>
  `data/${table}/${String(part).padStart(6, '0')}`;

/** The table that an entry is a part of. */
export const tableOfPart = (entry: string): string | undefined => /^data\/(.+)\/\d+$/.exec(entry)?.[1];

/** The entry of a file that is kept beside the database. */
export const fileEntry = (name: string): string => `files/${name}`;

/** The file that an entry holds. */
export const fileOfEntry = (entry: string): string | undefined => /^files\/([^/]+)$/.exec(entry)?.[1];
