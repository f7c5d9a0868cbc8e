import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BODY_LIMIT_BYTES } from './json-body.js';

const YAML_TYPES = ['application/yaml', 'text/yaml', 'application/x-yaml'];
const PLAIN_TYPE = 'text/plain';
/** What a handler of `TakesText` may be sent, for its description. */
export const TEXT_BODY_TYPES = ['application/yaml', 'text/yaml', PLAIN_TYPE] as const;

export const CALENDAR_TYPE = 'text/calendar';

export type TextKind = 'yaml' | 'plain' | 'calendar';

/** A body that is not JSON, as it came; whoever takes it reads it. */
export class TextBody {
  constructor(
    readonly kind: TextKind,
    readonly text: string,
  ) {}
}

interface TextRouteConfig {
  readonly textBodies?: readonly TextKind[];
}

/** A handler that takes these kinds of text beside JSON, as a `TextBody`; all others refuse them with 415. */
export function TakesText(...kinds: TextKind[]): MethodDecorator {
  return RouteConfig({ textBodies: kinds } satisfies TextRouteConfig);
}

export function acceptTextWhereTaken(fastify: FastifyInstance): void {
  const accept = (kind: TextKind, types: readonly string[]): void => {
    for (const type of types) {
      fastify.addContentTypeParser<string>(
        type,
        { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
        (request, text, done) => {
          if (takesText(request, kind)) done(null, new TextBody(kind, text));
          else done(unsupported());
        },
      );
    }
  };
  accept('yaml', YAML_TYPES);
  accept('plain', [PLAIN_TYPE]);
  accept('calendar', [CALENDAR_TYPE]);
}

function takesText(request: FastifyRequest, kind: TextKind): boolean {
  const { textBodies = [] } = request.routeOptions.config as TextRouteConfig;
  return textBodies.includes(kind) && !(kind === 'plain' && isOfAnotherOrigin(request));
}

/**
 * Plain text is what a page of any origin may make a browser send without asking first (a "simple request" of the Fetch
 * standard): to a service that is open on this machine it would be a way in.
 */
function isOfAnotherOrigin({ headers: { origin, host } }: FastifyRequest): boolean {
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

function unsupported(): Error {
  return Object.assign(new Error('unsupported media type'), {
    code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    statusCode: 415,
  });
}
