import { applyDecorators, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { parseTagList } from '../../domain/preconditions.js';
import type { Preconditions, TagList } from '../../domain/preconditions.js';
import { refuseParameters } from '../validation/request-validation.pipe.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Some dozens of tags. */
const MAX_LENGTH = 1_024;

/** `If-Match` and `If-None-Match` of a request. Throws a 400 for what is no list of tags. */
export const RequestPreconditions = createParamDecorator((_data: unknown, context: ExecutionContext): Preconditions => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Headers }>();
  return { ifMatch: tagsOf(headers, 'if-match'), ifNoneMatch: tagsOf(headers, 'if-none-match') };
});

function tagsOf(headers: Headers, name: string): TagList | null {
  const given = headers[name];
  if (given === undefined) return null;
  const text = Array.isArray(given) ? given.join() : given;
  const tags = text.length > MAX_LENGTH ? null : parseTagList(text);
  if (tags !== null) return tags;
  const detail =
    text.length > MAX_LENGTH
      ? `is longer than ${MAX_LENGTH} characters`
      : 'is neither * nor a list of tags in double quotes, as the header etag of an answer has them';
  throw refuseParameters([{ pointer: `/${name}`, code: 'invalid_tag', detail }]);
}

const TAG = '(?:W/)?"[!#-~\\x80-\\xff]*"';
/** As `parseTagList` takes it: `*`, or tags with commas between them. */
const schema = {
  ...{ type: 'string', maxLength: MAX_LENGTH },
  pattern: `^\\s*(?:\\*|(?:,\\s*)*${TAG}(?:\\s*(?:,\\s*)+${TAG})*(?:\\s*,)*)\\s*$`,
};

export function ApiIfMatch(what = 'job'): MethodDecorator {
  return ApiHeader({
    name: 'If-Match',
    required: false,
    schema,
    description:
      `Only if the ${what} is as one of these tags saw it (\`etag\` of an answer; a list, or \`*\`), else 412.` +
      (what === 'job' ? ' What runs change of a job meanwhile is no reason to refuse.' : ''),
  });
}

/** For an upsert. */
export function ApiIfMatchOrNone(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiIfMatch(),
    ApiHeader({ name: 'If-None-Match', required: false, schema, description: '`*`: only create, else 412.' }),
  );
}

export function ApiIfNoneMatch(what = 'job'): MethodDecorator {
  return ApiHeader({
    name: 'If-None-Match',
    required: false,
    schema,
    description: `Tags of answers that the client has: 304 when the ${what} is still as one of them.`,
  });
}

export const ETAG = {
  etag: {
    description: 'Strong tag of what is answered, for `If-Match` and `If-None-Match`',
    schema: { type: 'string' },
  },
} as const;
