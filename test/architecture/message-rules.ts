import { basename } from 'node:path';
import type { MessageClass, Messages } from './messages.ts';

/** One rule: each of its findings names what breaks it. */
type Rule = (messages: Messages) => string[];

const at = ({ file, name }: MessageClass): string => `${file} ${name}`;

const eventsOf = ({ classes }: Messages): MessageClass[] =>
  classes.filter(({ kind, context }) => kind === 'DomainEvent' && context);

const handlersOf = ({ classes }: Messages, message: MessageClass): MessageClass[] =>
  classes.filter(({ handles }) => handles.some((handled) => handled.message === message));

const isReaction = ({ handles }: MessageClass): boolean =>
  handles.some(({ as }) => as === 'ReactsTo' || as === 'ReactsWithin');

const inReactionFile = (file: string): boolean =>
  basename(file).startsWith('on-') && !file.startsWith('apps/');

/** `libs/<context>/…` */
const contextOf = (file: string): string | undefined => file.split('/')[1];

const kebab = (name: string): string => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();

/**
 * How messages are defined and handled, by the sentence that has to hold. An event that nobody reacts to says
 * why in a `static readonly unconsumed = '<reason>'`.
 */
export const rules: Readonly<Record<string, Rule>> = {
  'every handler and reaction is provided by a module': ({ classes, provided }) =>
    classes.filter((found) => found.handles.length > 0 && !provided.has(found)).map(at),

  'every handler and reaction names a message of this repository': ({ classes }) =>
    classes.filter(({ handles }) => handles.some(({ message }) => !message?.kind)).map(at),

  'a command or query has one handler': (messages) =>
    messages.classes
      .filter((found) => found.kind === 'Command' || found.kind === 'Query')
      .filter((found) => handlersOf(messages, found).length !== 1)
      .map(at),

  'a command, query or event is said without a suffix': ({ classes }) =>
    classes.filter(({ kind, name }) => kind && /(Command|Query|Event)$/.test(name)).map(at),

  'a handler is called after what it handles': ({ classes }) =>
    classes
      .filter(({ name, handles }) =>
        handles.some(
          ({ as, message }) => /^(Command|Query)/.test(as) && message && name !== `${message.name}Handler`,
        ),
      )
      .map(at),

  'the type of an event is <context>.<name-of-the-class>.v<n>': (messages) =>
    eventsOf(messages)
      .filter(({ context, name, type }) => {
        const [, said, version = '1'] = /^(.*?)(?:V(\d+))?$/.exec(name) ?? [];
        return type !== `${context}.${kebab(said ?? name)}.v${version}`;
      })
      .map(at),

  'the type of an event is unique': (messages) =>
    eventsOf(messages)
      .filter(({ type }, _, events) => type && events.filter((other) => other.type === type).length > 1)
      .map(at),

  'an event has a reaction or says why not': (messages) =>
    eventsOf(messages)
      .filter((event) => handlersOf(messages, event).length === 0 && !event.unconsumed)
      .map(at),

  'an event that has a reaction does not say why not': (messages) =>
    eventsOf(messages)
      .filter((event) => handlersOf(messages, event).length > 0 && event.unconsumed !== undefined)
      .map(at),

  'an event is stated by its own context only': ({ creations }) =>
    creations
      .filter(
        ({ file, of }) => of.kind === 'DomainEvent' && of.context && !file.startsWith(`libs/${of.context}/`),
      )
      .map(({ file, of }) => `${file} ${of.name}`),

  // The relay marks (event, module and name of the reaction): of two with one name, one would never run.
  'the reactions of a context to an event differ in their names': (messages) =>
    eventsOf(messages).flatMap((event) =>
      handlersOf(messages, event)
        .filter(
          ({ name, file }, _, all) =>
            all.filter((other) => other.name === name && contextOf(other.file) === contextOf(file)).length >
            1,
        )
        .map(at),
    ),

  'a reaction lives in an on-….ts file': ({ classes }) =>
    classes.filter((found) => isReaction(found) && !inReactionFile(found.file)).map(at),

  'an on-….ts file holds a reaction': ({ files, classes }) =>
    files
      .filter(inReactionFile)
      .filter((file) => !classes.some((found) => found.file === file && isReaction(found))),

  'a command to another context is sent by a reaction only': ({ creations }) =>
    creations
      .filter(({ file, of }) => of.kind === 'Command' && file.startsWith('libs/') && !inReactionFile(file))
      .filter(({ file, of }) => !file.startsWith(`libs/${of.context}/`))
      .map(({ file, of }) => `${file} ${of.name}`),
};
